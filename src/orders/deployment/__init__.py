"""Creating, updating and deleting the stack.

stack.py           deploys and destroys the order system
template.py        what a template declares; pure
versions.py        published versions and the alias `live`; pure
release.py         publishes a version and makes it live, at once or for a share
canary.py          the alarm on a version that has a share
drift.py           what was changed outside of the stack; pure
repairs.py         finds it and changes it back
function.py        the AWS adapter: the function, its versions, alias and trigger
package.py         the function's zip file, the same bytes for the same sources
cloudformation.py  the AWS adapter: change sets, events, outputs
artifacts.py       the AWS adapter: the S3 bucket of the package
"""
