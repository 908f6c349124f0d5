"""What a planted fault is, and what is run over it."""

from dataclasses import dataclass

_SUITES = {
    "servicenow": "test_servicenow.py::TestServiceNow",
    "jira": "test_jira.py::TestJiraCloud",
    "zendesk": "test_zendesk.py::TestZendesk",
    "mail": "test_mail.py::TestMail",
    "insights": "test_rules.py::TestInsightsScores",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault: in the `file` of a plugin, `old` (which stands there once) becomes `new`, and `caught` fails."""

    name: str
    file: str
    old: str
    new: str
    caught: str

    @property
    def suite(self) -> str:
        """Return what of tests/conformance is run over it."""
        plugin = self.file.partition("/")[0]
        if plugin == "surveys":
            return f"test_rules.py::TestSurveys{'Words' if self.file.endswith('words.py') else 'Trigger'}"
        return _SUITES[plugin]
