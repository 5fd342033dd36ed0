"""
The one door: who comes in, how often, and to which service.

Owns       gateway.revocations
Consumes   users.session-revoked
Publishes  nothing
"""
