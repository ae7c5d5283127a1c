"""Intent detection in English texts, by phrases.

Each rule gives its intent a certainty. The certainties of an intent's matching phrases combine like independent
probabilities: 1 - (1 - a)(1 - b). The most certain intent wins; among equal ones, the first.
"""

import re
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from db.models import Intent

VERSION = "phrases-2"

_THING = r"(?:tool|software|app|application|service|platform|solution|product|system|vendor|provider|agency|crm|alternative)s?"

_RULES: dict[Intent, dict[str, float]] = {
    Intent.CHURN_RISK: {
        r"\bcancel(?:l?ed|l?ing)? (?:my|our|the) (?:\w+ )?(?:subscription|account|plan|contract|membership)": 0.8,
        r"\b(?:thinking|considering|planning|about|going|want|wants|trying) (?:of |about |on |to )?(?:leav(?:e|ing)|switch(?:ing)?|mov(?:e|ing) (?:away|off)|migrat(?:e|ing)|cancel(?:l?ing)?)\b": 0.7,
        r"\b(?:moving|moved|switching|switched|migrating|migrated) (?:away|off)\b": 0.6,
        r"\blooking to replace\b": 0.7,
        r"\b(?:i'?m|we'?re|i am|we are) done with\b": 0.6,
    },
    Intent.BUYING: {
        r"\b(?:looking|ready|want|wants|need|needs|hoping|planning) to (?:buy|purchase|subscribe|pay)\b": 0.8,
        r"\bwhere (?:can|do|could) (?:i|we|you) (?:buy|get|purchase)\b": 0.7,
        r"\bwilling to pay\b": 0.7,
        rf"\b(?:looking|searching|shopping|in the market) for (?:an? |some |the |new |good |better )*(?:[\w-]+ ){{0,4}}{_THING}\b": 0.6,
        rf"\bneed (?:an? |some |new |good |better )+(?:[\w-]+ ){{0,4}}{_THING}\b": 0.5,
        r"\b(?:our|my|a) budget (?:is|of|for)\b": 0.5,
        r"\b(?:pricing|price list|quote|free trial|demo)\b": 0.2,
    },
    Intent.RECOMMENDATION_REQUEST: {
        r"\b(?:any|some|got|have|your|for|need) (?:good |other )?(?:recommendations?|suggestions?)\b": 0.8,
        r"\b(?:can|could|would|does|do) (?:any ?one|any ?body|some ?one|you|y'all|people)(?: here| guys)? (?:recommend|suggest)\b": 0.9,
        r"\bwhat (?:\w+ )?(?:do|does|are|is) (?:you|people|every ?one|your team)(?: guys| all)? (?:use|using|recommend)\b": 0.8,
        rf"\b(?:which|what|best) (?:[\w-]+ )?{_THING} (?:do|does|should|would|is|are|for|to)\b": 0.6,
        r"\bany ?(?:one|body) (?:here )?(?:use|used|using|tried|know|knows|know of)\b": 0.6,
        r"\bplease recommend\b|\brecommend me\b|\bwhat would you recommend\b": 0.9,
    },
    Intent.COMPARISON: {
        r"\b(?:vs\.?|versus)(?: |$)": 0.7,
        r"\b(?:compared|comparing|compares?|comparison) (?:to|with|of|between)\b": 0.7,
        r"\balternatives? (?:to|for)\b": 0.6,
        r"\bdifferences? between\b": 0.7,
        r"\b(?:better|worse|cheaper|faster|slower|easier) than\b": 0.5,
    },
    Intent.FEATURE_REQUEST: {
        r"\bfeature requests?\b": 0.9,
        r"\b(?:i|we) (?:really )?wish (?:it|they|there|you|this) (?:had|would|was|were|could|did)\b": 0.8,
        r"\b(?:please|pls|can you|could you) (?:add|support|implement)\b": 0.7,
        r"\bwould be (?:nice|great|awesome|cool|good|useful|helpful) (?:if|to have|to see)\b": 0.7,
        r"\b(?:lacks?|lacking|is missing|are missing)\b": 0.4,
    },
    Intent.COMPLAINT: {
        r"\b(?:terrible|awful|horrible|worst|useless|unusable|garbage|rip-?off|scam)\b": 0.6,
        r"\b(?:does ?n'?t|do ?n'?t|did ?n'?t|has ?n'?t|never) work(?:s|ed|ing)?\b": 0.5,
        r"\b(?:keeps?|kept) (?:crashing|failing|breaking|freezing)\b": 0.7,
        r"\bwaste of (?:money|time)\b": 0.8,
        r"\b(?:fed up|sick of|tired of|frustrat(?:ed|ing)|disappoint(?:ed|ing)|annoy(?:ed|ing))\b": 0.5,
        r"\b(?:customer )?support (?:never|is|was|has been) (?:\w+ )?(?:answers?|replie[sd]|bad|slow|terrible|useless|awful)\b": 0.7,
        r"\b(?:buggy|broken|so slow|too expensive|overpriced)\b": 0.4,
    },
    Intent.PRAISE: {
        r"\b(?:i|we|really|absolutely|just) lov(?:e|ed|ing) (?:this|it|that|their|the|how|using)\b": 0.6,
        r"\b(?:highly|strongly|definitely|would|can only) recommend (?:it|them|this|that)?": 0.6,
        r"\bwork(?:s|ed) (?:great|perfectly|flawlessly|like a charm|really well)\b": 0.6,
        r"\b(?:huge|big) fan of\b|\blife ?saver\b|\bgame ?changer\b|\bnever looked back\b": 0.6,
        r"\b(?:best|greatest) (?:[\w-]+ ){0,3}(?:ever|i'?ve|we'?ve)\b": 0.6,
    },
    Intent.PROMOTION: {
        r"\b(?:i|we|i'?ve|we'?ve) (?:just |recently |finally )?(?:launched|released|built|made|created)\b": 0.6,
        r"\bcheck (?:it |us |them )?out (?:our|my|at|here)\b|\bcheck us out\b": 0.7,
        r"\bshow hn\b": 0.9,
        r"\b(?:use|with) (?:the )?(?:promo |discount )?code\b|\b\d+ ?% (?:off|discount)\b": 0.7,
        r"\b(?:sign up|register|subscribe|book a demo) (?:now|today|here|at|for free)\b": 0.6,
        r"\b(?:my|our) (?:new )?(?:startup|newsletter|course|ebook|webinar|side project|blog post)\b": 0.4,
    },
    Intent.HIRING: {
        r"\b(?:we'?re|we are|is|are|now) hiring\b|\bwho is hiring\b|#hiring\b": 0.9,
        r"\bjob (?:opening|offer|opportunity|posting|description)s?\b": 0.7,
        r"\b(?:looking for|seeking|need) (?:an? |some )?(?:[\w-]+ ){0,3}(?:developer|engineer|designer|freelancer|contractor|intern|co-?founder|assistant|manager)s?\b": 0.6,
        r"\b(?:looking for|open to) (?:a |new )?(?:work|job|roles?|position|employment)\b": 0.8,
        r"\b(?:apply (?:now|here|at)|send (?:me |us )?your (?:cv|resume))\b": 0.7,
    },
    Intent.QUESTION: {
        r"\?(?:\s|$)": 0.3,
        r"(?:^|[.!?\n] *)(?:how|what|why|when|where|who|which|is|are|can|could|does|do|should|has|have|did)\b[^.!\n]*\?": 0.3,
        r"\b(?:any ?one know|how (?:do|can|would) (?:i|we|you)|is there (?:a|any) way|help me)\b": 0.3,
    },
}  # fmt: skip
_THREE_DECIMALS = Decimal("0.001")
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ", "'"))  # noqa: RUF001 - look-alikes on purpose


class DetectedIntent(NamedTuple):
    intent: Intent
    score: Decimal | None
    """Certainty from 0 to 1 with three decimals; None if no phrase matches."""


def detect_intent(text: str) -> DetectedIntent:
    lowered = text.lower().translate(_APOSTROPHES)
    best, certainty = Intent.OTHER, 0.0
    for intent, rules in _compiled().items():
        doubt = 1.0
        for pattern, probability in rules:
            if pattern.search(lowered):
                doubt *= 1 - probability
        if 1 - doubt > certainty:
            best, certainty = intent, 1 - doubt
    return DetectedIntent(best, Decimal(str(certainty)).quantize(_THREE_DECIMALS) if certainty else None)


@cache
def _compiled() -> dict[Intent, list[tuple[re.Pattern[str], float]]]:
    """Return the rules with compiled patterns. Most processes analyse nothing at their start."""
    return {
        intent: [(re.compile(pattern), certainty) for pattern, certainty in rules.items()]
        for intent, rules in _RULES.items()
    }
