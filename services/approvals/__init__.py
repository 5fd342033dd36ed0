"""
Who may decide on what, and what they decided.

Owns       approvals.approvals, approvals.approvers, approvals.people, approvals.rights
Consumes   users.rattachement-requested, users.habilitations-requested, users.rights-changed,
           users.person-changed
Publishes  approvals.approval-opened, approvals.approver-missing, approvals.approval-decided,
           approvals.approval-withdrawn
"""
