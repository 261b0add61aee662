"""The verifier of evidence bundles: what ``lienthong verify`` runs, and the script that is in each bundle.

It knows nothing of the gateway: the standard library and ``cryptography``, Python 3.9. `PARTS` one behind the
other are verify.py (`bundle.py:write_script`), so a part imports only from parts before it, by name, and no
two give the same name to different things. Only report.py opens files, in its ``main``.
"""

PARTS = ("forms", "findings", "container", "certificates", "proofs", "documents", "audit", "report")
