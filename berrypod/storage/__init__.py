"""The encrypted repository: the shop's one file, and the only room that opens it. It knows nothing of HTTP.

keys        what opens a file: derivation, raw key, fingerprint, page authentication
connection  the one place that opens a connection and sets its pragmas
diagnosis   why a file cannot be opened, told apart; log: does the write-ahead log beside it belong to it
failures    what the driver's errors mean; driver: known defects of SQLite; integrity: is every page whole
dialect     SQLAlchemy's async dialect over aiosqlite and sqlcipher3; adapter: its connection and cursors
gate        the lock between processes that use the file
database    the file as the rest of the program sees it; open_file: what is there while it is open, made of
            sessions (transactions in turns), reads (one thread hop, no ORM) and jobs (long ones)
models      the tables; fields: columns with a second layer of encryption
migrations  the schema's history, run by migrating; schema: creating, checking and upgrading it
files       durable writes, temporary names, free space; journals: what SQLite keeps beside a file
snapshot    a consistent, verified copy of the file while the shop goes on; watching: how a file grows
capture     what has changed since, in chunks, and a map of all pages: chunks and page_map (the formats), assembling
            (the ordinary file out of them), capturing (which pages are new)
standstill  holding the file still for whoever reads it by other means than SQLite's: page_source (its pages), raw_copy,
            pacing (writing much without keeping orders waiting), rewriting (under another key)
helper      a process for that: started and listened to; helper_process: its own side
verification  is a file a whole backup, as another machine would find out: wholeness (by its first page and its size),
              pages (each of them read), unfit (the errors that say why it is none)
"""
