"""Faults that channels have, planted in copies of the mail channel."""

from tests.conformance.mutant import Mutant

_SENT = (
    "        with self._server.connected() as conversation:\n"
    "            conversation.hand_over(options.sender.addr_spec, str(box), mail)\n"
)
_CHECKED = (
    "        with self._server.connected() as conversation:\n"
    "            conversation.try_sender(options.sender.addr_spec)\n"
)
_GIVEN = (
    "        try:\n"
    "            if self._smtp.sock:\n"
    "                self._smtp.sock.settimeout(VERDICT)\n"
    '            self._smtp.send(_DOTS.sub(b"..", content) + b".\\r\\n")\n'
    "            code, said = self._smtp.getreply()\n"
    "        except OSError:\n"
)

DELIVERING = (
    Mutant(
        "what is not ASCII becomes a question mark",
        "mail/xmo_mail/message.py",
        'text = message.text.encode("utf-8", "replace").decode("utf-8")',
        'text = message.text.encode("ascii", "replace").decode("utf-8")',
        "test_what_is_delivered_arrives_once_with_all_its_words",
    ),
    Mutant(
        "the receipt names nothing",
        "mail/xmo_mail/channel.py",
        "reference=reference(message.marker, options.sender)",
        'reference=""',
        "test_a_receipt_names_what_was_delivered",
    ),
    Mutant(
        "all receipts name the same",
        "mail/xmo_mail/channel.py",
        "reference=reference(message.marker, options.sender)",
        'reference="heron"',
        "test_a_receipt_names_what_was_delivered",
    ),
    Mutant(
        "the first person gets the mail of the next",
        "mail/xmo_mail/channel.py",
        _SENT,
        "        with self._server.connected() as conversation:\n"
        '            conversation.hand_over(options.sender.addr_spec, str(getattr(self, "_last", box)), mail)\n'
        "        self._last = box\n",
        "test_each_message_arrives_at_its_own_person",
    ),
    Mutant(
        "the connection is kept for the next mail",
        "mail/xmo_mail/channel.py",
        _SENT,
        '        kept = self.__dict__.pop("_kept", None) or self._server.connected()\n'
        '        conversation = self.__dict__.pop("_talk", None) or kept.__enter__()\n'
        "        conversation.hand_over(options.sender.addr_spec, str(box), mail)\n"
        "        self._kept, self._talk = kept, conversation\n",
        "test_a_connection_that_has_ended_meanwhile_costs_no_message",
    ),
    Mutant(
        "a name goes into the header as it is",
        "mail/xmo_mail/addresses.py",
        'shown = one_line(name or "")',
        'shown = name or ""',
        "test_any_name_will_do",
    ),
    Mutant(
        "of several addresses the last is taken",
        "mail/xmo_mail/addresses.py",
        '(text or "").rpartition("@")',
        '(text or "").rpartition(",")[2].strip().rpartition("@")',
        "test_an_address_that_is_none_does_no_harm",
    ),
    Mutant(
        "where no word came back, nothing was taken",
        "mail/xmo_mail/refusals.py",
        'took the message.", hint=hint)',
        'took the message.", hint=hint, reached=False)',
        "test_where_the_answer_is_lost_it_says_what_is_true",
    ),
    Mutant(
        "what was sent over a line that stood counts as taken",
        "mail/xmo_mail/server.py",
        _GIVEN,
        '        stood = not __import__("select").select([self._smtp.sock], [], [], 0)[0]\n'
        f"{_GIVEN}            if stood:\n                return\n",
        "test_where_the_request_is_lost_it_says_what_is_true",
    ),
    Mutant(
        "a server that is down may have taken the mail",
        "mail/xmo_mail/refusals.py",
        'cannot be used: {why}.", hint=_HOLDS, reached=False)',
        'cannot be used: {why}.", hint=_HOLDS)',
        "test_where_nobody_listens_nothing_was_reached",
    ),
    Mutant(
        "a mailbox that is no more is a refused log-in",
        "mail/xmo_mail/refusals.py",
        'return NotFound(f"{server} knows',
        'return AuthError(f"{server} knows',
        "test_a_person_whom_the_service_refuses_costs_nobody_else_their_question",
    ),
    Mutant(
        "a refused log-in withdraws the question",
        "mail/xmo_mail/channel.py",
        _SENT,
        "        try:\n"
        "            with self._server.connected() as conversation:\n"
        "                conversation.hand_over(options.sender.addr_spec, str(box), mail)\n"
        '        except __import__("xmo_hooks").AuthError:\n'
        '            raise NotFound("The mail could not be sent.") from None\n',
        "test_a_refused_log_in_is_named",
    ),
)

REACHING = (
    Mutant(
        "customers alone are written to",
        "mail/xmo_mail/channel.py",
        "return box if box and (not domains",
        'return box if box and to.kind == "customer" and (not domains',
        "test_the_person_is_reached",
    ),
    Mutant(
        "everybody is reached",
        "mail/xmo_mail/channel.py",
        "return self._box(to) is not None",
        "return True",
        "test_not_everybody_is_reached",
    ),
    Mutant(
        "somebody without an address is not expected",
        "mail/xmo_mail/addresses.py",
        '(text or "").rpartition("@")',
        'text.rpartition("@")',
        "test_anybody_is_reached_or_not",
    ),
    Mutant(
        "a channel tires",
        "mail/xmo_mail/channel.py",
        "        return self._box(to) is not None\n",
        '        self._asked = getattr(self, "_asked", 0) + 1\n'
        "        return self._box(to) is not None and self._asked < 250\n",
        "test_whom_it_reaches_stays_the_same",
    ),
    Mutant(
        "the net is asked for each person",
        "mail/xmo_mail/channel.py",
        "return self._box(to) is not None",
        'return self._box(to) is not None and bool(__import__("socket").getaddrinfo("127.0.0.1", 25))',
        "test_whom_it_reaches_is_said_without_asking",
    ),
    Mutant(
        "whom it reaches hangs on the time",
        "mail/xmo_mail/channel.py",
        "return self._box(to) is not None",
        "return self._box(to) is not None and self._tools.now().year < 2100",
        "test_whom_it_reaches_is_said_without_asking",
    ),
    Mutant(
        "a check sends a mail",
        "mail/xmo_mail/channel.py",
        "conversation.try_sender(options.sender.addr_spec)",
        'conversation.hand_over(options.sender.addr_spec, options.sender.addr_spec, b"Subject: x\\r\\n\\r\\nx\\r\\n")',
        "test_check_finds_that_all_is_well_and_delivers_nothing",
    ),
    Mutant(
        "a check takes a server that is down for well",
        "mail/xmo_mail/channel.py",
        _CHECKED,
        '        with __import__("contextlib").suppress(__import__("xmo_hooks").Unavailable):\n'
        "            with self._server.connected() as conversation:\n"
        "                conversation.try_sender(options.sender.addr_spec)\n",
        "test_check_tells_where_nobody_listens",
    ),
    Mutant(
        "a check does not log in",
        "mail/xmo_mail/channel.py",
        _CHECKED,
        '        with Server(__import__("dataclasses").replace(options, username="")).connected():\n            pass\n',
        "test_check_tells_of_a_refused_log_in",
    ),
)

DISCRETION = (
    Mutant(
        "unknown options of a channel are passed over",
        "mail/xmo_mail/options.py",
        "    folder = Path()\n",
        '    folder = Path()\n\n    class Meta:\n        unknown = "exclude"\n',
        "test_an_unknown_option_is_refused_by_name",
    ),
    Mutant(
        "the options of a channel show its password",
        "mail/xmo_mail/options.py",
        '    password: Any = field(default="", repr=False)\n',
        '    password: Any = ""\n\n'
        "    def __repr__(self) -> str:\n"
        '        return f"{self.username}:{reveal(self.password)}"\n\n',
        "test_options_do_not_show_their_secrets",
    ),
    Mutant(
        "the log-in is logged in base64",
        "mail/xmo_mail/server.py",
        "        smtp.user, smtp.password = username, password\n",
        "        smtp.user, smtp.password = username, password\n"
        '        log_in = __import__("base64").b64encode(smtp.auth_plain().encode())\n'
        '        __import__("logging").getLogger("mail").debug("AUTH PLAIN %s", log_in)\n',
        "test_no_secret_stands_in_logs_or_errors",
    ),
    Mutant(
        "the words of the server are repeated",
        "mail/xmo_mail/refusals.py",
        'shown = f"({code} {enhanced})" if enhanced',
        'shown = f"({code} {said.decode()})" if enhanced',
        "test_no_person_and_no_words_stand_in_logs_or_errors",
    ),
)

CHANNELS = (*DELIVERING, *REACHING, *DISCRETION)
