"""
Those who need help, and what they ask the support desk.

Owns       support.tickets, support.numbers, support.portals, support.rights
Consumes   users.rights-changed, structures.client-account-opened,
           structures.client-permissions-changed
Publishes  support.ticket-opened
"""
