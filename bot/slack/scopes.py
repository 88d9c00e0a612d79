"""The bot scopes that Understudy needs: those of every Web API method it calls, and those of what Slack sends it.

https://docs.slack.dev/reference/methods, "Required scopes"
"""

from collections.abc import Mapping

# A channel may be public or private, so both scopes of such a method are needed.
OF_METHODS: Mapping[str, frozenset[str]] = {
    "apps.connections.open": frozenset(),  # takes the app-level token
    "auth.test": frozenset(),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": frozenset({"channels:history", "groups:history"}),
    "conversations.info": frozenset({"channels:read", "groups:read"}),
    "conversations.join": frozenset({"channels:join"}),
    "conversations.replies": frozenset({"channels:history", "groups:history"}),
    "files.completeUploadExternal": frozenset({"files:write"}),
    "files.getUploadURLExternal": frozenset({"files:write"}),
    "files.info": frozenset({"files:read"}),
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "users.info": frozenset({"users:read"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
    "views.update": frozenset(),
}
OF_WHAT_SLACK_SENDS = frozenset({"app_mentions:read", "commands"})

WANTED_SCOPES: frozenset[str] = OF_WHAT_SLACK_SENDS.union(*OF_METHODS.values())
