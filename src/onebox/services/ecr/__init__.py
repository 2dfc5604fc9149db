"""Elastic Container Registry: repositories with their settings, policies and tags; without the registry of images.

How it hangs together, top down::

    service.py        the face to the gateway
    authorization.py  the rights that a request requires
    operations/       repositories, policies, images, tags, and their table
    core.py           what operations work with
    store/            all SQL
    model.py  limits.py  errors.py  validation.py

Deployment tools ask for repositories even where no function comes as an image. Nothing can be pushed, so every
repository is empty.

AWS: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
"""
