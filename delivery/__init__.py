"""What the delivery pipeline runs: one module a project, each ``python -m delivery.<name>``.

CodeBuild and GitHub Actions run the same modules. They read their input from environment
variables and hand results on as variables; both are named in `delivery.contract`.
"""
