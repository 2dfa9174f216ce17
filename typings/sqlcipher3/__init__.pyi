# sqlcipher3 is untyped. It is built from the standard library's sqlite3 module, so its shape is that module's.
from sqlcipher3 import dbapi2 as dbapi2
