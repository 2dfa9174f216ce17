"""`berrypod doctor`: is the shop in order, and is its file as safe as it is said to be? Looked at, never believed.

    circumstances   the environment, the plugins and the key, as far as they can be understood
    subject         what is examined
    opening         connections that leave no trace
    checks          the list of all checks; each is a function of `program`, `secrets`, `locked`, `plaintext`, `beside`,
                    `folder`, `disk` or `content`, and plugins have theirs
    examining       makes them

Nothing here writes, locks out, or finishes what others have begun. It works with the shop running or stopped, and with
a file that is missing, damaged or another program's: what cannot be checked then says so.
"""
