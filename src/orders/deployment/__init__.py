"""Creating, updating and deleting the stack.

stack.py           deploys and destroys the order system
template.py        what a template declares; pure
package.py         the function's zip file, the same bytes for the same sources
cloudformation.py  the AWS adapter: change sets, events, outputs
artifacts.py       the AWS adapter: the S3 bucket of the package
"""
