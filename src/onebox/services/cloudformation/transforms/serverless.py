"""AWS::Serverless-2016-10-31 by AWS's own translator (aws-sam-translator), which is loaded when a template asks for it.

AWS: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from onebox.services.cloudformation.errors import ValidationError

SERVERLESS = "AWS::Serverless-2016-10-31"


def translate_serverless(document: dict[str, Any], parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The template without AWS::Serverless types. Raises ValidationError with the translator's words."""
    # Loaded at first need: it takes a second and 60 MB, which only templates with this transform should pay.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    template = copy.deepcopy(document)
    values = dict(parameters)
    try:
        # The logical ids of deployments and versions are hashes that AWS still computes as Python 2 did.
        to_py27_compatible_template(template, values)
        translator = Translator(None, Parser(), boto_session=SimpleNamespace(region_name=region))
        translated: dict[str, Any] = undo_mark_unicode_str_in_template(translator.translate(template, values))
    except InvalidDocumentException as error:
        causes = " ".join(cause.message for cause in error.causes)
        raise ValidationError(f"Transform {SERVERLESS} failed with: {error.message} {causes}") from None
    except Exception as error:  # the translator raises any error for a malformed template, and the client must learn it
        raise ValidationError(f"Transform {SERVERLESS} failed with: {error}") from error
    translated.pop("Transform", None)
    return translated
