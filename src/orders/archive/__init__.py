"""The archive of all notifications, valid or not, and their replay.

notification.py    one archived notification, as a line of JSON and as SNS delivers it; pure
objects.py         the names of archive objects, by hour, and what a batch becomes; pure
lambda_handler.py  OrderArchive, the function that writes batches of notifications to S3
reading.py         the notifications of a time range in order, each once, in bounded memory
choice.py          which notifications are replayed
replay.py          sends notifications, with retries, a rate and a position from which a run resumes
progress.py        what a replay records about itself in the audit log; pure
position.py        how far a replay has come, on disk
ports.py           the interfaces of the archive and of the target
bucket.py          the AWS adapter: the archive bucket in S3
targets.py         the AWS adapter: the queue or topic that receives a replay
"""
