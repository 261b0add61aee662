"""How long content is kept: the rules, and which of them applies to a package."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode

# Longer than anything: whoever compares times has nothing special to ask.
PERMANENT = timedelta.max
Terms = Mapping[Kind, timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as it applies to a package: its name as the settings have it, and how long it keeps."""

    name: str
    keep: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything an operator has decided about retention.

    Shape: general holds a term for each kind; agencies those that differ, by the agency's
    code; returned is how long content is kept that came back from an archive. With only_archived nothing
    goes that no archive holds.
    """

    general: Terms
    agencies: Mapping[AgencyCode, Terms]
    returned: timedelta
    only_archived: bool

    def rule_for(self, kind: Kind, parties: Iterable[AgencyCode]) -> Rule:
        """Find the rule for a package between agencies: the longest of theirs, else the general one."""
        theirs = [
            Rule(name=f"{code} {kind}", keep=self.agencies[code][kind])
            for code in parties
            if kind in self.agencies.get(code, ())
        ]
        general = Rule(name=f"{kind}", keep=self.general[kind])
        return max(theirs, key=lambda rule: rule.keep, default=general)

    def shortest(self, kind: Kind) -> timedelta:
        """Tell how long every content of a kind is kept at least."""
        special = [terms[kind] for terms in self.agencies.values() if kind in terms]
        return min([self.general[kind], *special])

    @property
    def keep_everything(self) -> bool:
        """Tell whether nothing ever goes."""
        return all(self.shortest(kind) == PERMANENT for kind in Kind)

    def under(self, canonical: Callable[[AgencyCode], AgencyCode]) -> "Rules":
        """Bring the rules under the codes a directory keeps agencies by; of two for one the longer counts."""
        agencies: dict[AgencyCode, dict[Kind, timedelta]] = {}
        for code, terms in self.agencies.items():
            known = agencies.setdefault(canonical(code), {})
            known |= {kind: max(keep, known.get(kind, keep)) for kind, keep in terms.items()}
        return replace(self, agencies=agencies)

    def written(self) -> str:
        """Write the rules so that two texts are equal when the rules are."""
        terms = [
            f"{code or '*'} {kind} {_write(keep)}"
            for code, each in (("", self.general), *sorted(self.agencies.items()))
            for kind, keep in sorted(each.items())
        ]
        return "\n".join([*terms, f"only archived: {self.only_archived}"])


def _write(keep: timedelta) -> str:
    return "permanent" if keep == PERMANENT else f"{keep.days}d"
