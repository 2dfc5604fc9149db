"""Transforms: from the template as it was given to the template that is deployed.

Top down::

    expand.py                the transforms of a template in AWS's order; macros are functions of the account
    language_extensions.py   AWS::LanguageExtensions: Fn::ForEach and functions of known values; pure
    serverless.py            AWS::Serverless-2016-10-31, by AWS's own translator; pure

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-reference.html
"""
