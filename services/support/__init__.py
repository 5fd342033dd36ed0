"""
Those who need help, and what they ask the support desk.

Owns       support.tickets, support.numbers, support.rights
Consumes   users.rights-changed
Publishes  support.ticket-opened
"""
