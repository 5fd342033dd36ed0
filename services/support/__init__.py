"""
Those who need help, and what they ask the support desk.

Owns       support.tickets, support.numbers, support.portals, support.contacts, support.rights
Consumes   users.rights-changed, structures.client-account-opened,
           structures.client-permissions-changed, structures.client-contact-permissions-changed
Publishes  support.ticket-opened
"""
