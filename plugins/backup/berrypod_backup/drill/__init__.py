"""Drills: a kept backup is fetched back from where it lies, and a shop is run on it. That is what "proven" means.

records    what is known of each drill, on disk
copies     finding what is kept, and fetching it back
trying     all that is tried with the file, in its order
proofs     where the outcome is written down: in the backup's manifest, or here for who has no manifests
running    one drill, from its turn to its outcome: one at a time, over all processes
service    starting, following, cancelling
"""
