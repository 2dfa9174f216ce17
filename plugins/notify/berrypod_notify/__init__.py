"""Who is told when something is not well with the shop, and when it is again: the plugin `notify`.

settings     where alarms go to, and how often: saved in the shop's file, or given by the environment
deciding     what is news: a condition that has begun, goes on, or is over. Nothing but values in and out
queueing     what waits to be sent to whom, and what of it has become old
state        all that must be known after a restart, on the disk (store)
watching     one process of all looks at the parts of the shop, decides, and sends
sending      one notification to one notifier, and what came of it
messages     the words, as mail, as JSON and as one line
smtp, webhook, notifiers   the two ways to tell that come with the plugin
health       that a notifier fails, as a part of the shop's health, and for the doctor
service      what the page, the API and the commands call: the parts above, put together; status: what they are told

api, panel, pages, forms, commands, doing   the three surfaces
plugin       the hooks
"""
