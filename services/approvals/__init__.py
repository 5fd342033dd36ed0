"""
Who may decide on what, and what they decided.

Owns       approvals.approvals, approvals.approvers, approvals.people, approvals.rights,
           approvals.comments, approvals.ended, approvals.numbers,
           approvals.erasures, approvals.portions
Consumes   users.rattachement-requested, users.habilitations-requested, users.rights-changed,
           users.person-changed, users.account-changed, users.person-erased,
           users.export-requested,
           structures.question-asked, structures.structure-changed, structures.unit-changed,
           structures.unit-ended
Publishes  approvals.approval-opened, approvals.approver-missing, approvals.approval-decided,
           approvals.approval-withdrawn, approvals.approval-expired,
           approvals.approval-reminded, approvals.approval-escalated,
           approvals.approvals-gathered,
           approvals.information-requested, approvals.information-given
"""
