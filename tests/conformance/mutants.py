"""Faults that plugins have, planted in copies of the stock plugins: each breaks one promise, and one test says so."""

from tests.conformance.mail_mutants import CHANNELS
from tests.conformance.mutant import Mutant

_JIRA_SESSION = '        self._session.headers["Accept"] = "application/json"\n'
_ZENDESK_CHECK = "        return findings(self._client, self._options)\n"
_ZENDESK_PAGES = "            yield from self._streams()\n        finally:\n"

FETCHING = (
    Mutant(
        "closed tickets are left out",
        "zendesk/xmo_zendesk/walk.py",
        'if ticket.get("status") != "deleted"]\n        if self',
        'if ticket.get("status") not in ("deleted", "closed")]\n        if self',
        "test_every_ticket_comes_in",
    ),
    Mutant(
        "the cursor of a page stands at the end of the table",
        "servicenow/xmo_servicenow/walk.py",
        "        yield batch.rows, reached\n",
        "        yield batch.rows, reached and Position(horizon, reached.sys_id)\n",
        "test_a_fetch_that_is_killed_after_any_page_goes_on_from_its_cursor",
    ),
    Mutant(
        "the cursor is not looked at",
        "servicenow/xmo_servicenow/source.py",
        "keyset.positions(cursor, self._tables)\n        pace",
        "keyset.positions(None, self._tables)\n        pace",
        "test_a_second_fetch_brings_no_more_than_the_overlap",
    ),
    Mutant(
        "the last ticket of each table is called deleted by the next fetch",
        "servicenow/xmo_servicenow/source.py",
        "        if self._options.surveys:\n            yield from",
        '        keys = [one["sys_id"] for one in positions.values() if one] if cursor else []\n'
        "        yield Page(rows=(), cursor=dict(positions), deleted=keys)\n"
        "        if self._options.surveys:\n            yield from",
        "test_a_second_fetch_changes_nothing",
    ),
    Mutant(
        "the local clock is the cursor",
        "servicenow/xmo_servicenow/source.py",
        "        if self._options.surveys:\n            yield from",
        "        for table in self._tables:\n"
        '            positions[table] = {"stamp": keyset.stamp_of(self._tools.now()), "sys_id": "00"}\n'
        "        yield Page(rows=(), cursor=dict(positions))\n"
        "        if self._options.surveys:\n            yield from",
        "test_a_change_after_a_fetch_comes_with_the_next",
    ),
    Mutant(
        "the next fetch goes on strictly behind the last key",
        "servicenow/xmo_servicenow/streams.py",
        "        return walk(partial(page, self.columns), end, pace, bound, known, self.stamp)\n",
        "        def behind(where: str, offset: int, limit: int) -> Batch:\n"
        "            more = keyset.after(reached, self.stamp) if reached else ''\n"
        "            return page(self.columns, keyset.both(more, where), offset, limit)\n\n"
        "        return walk(behind, end, pace, bound, known, self.stamp)\n",
        "test_a_change_in_the_instant_where_a_fetch_ended_comes_with_the_next",
    ),
    Mutant(
        "the newest ticket comes first",
        "jira/xmo_jira/source.py",
        "        for rows in self._walk(reading, start, []):\n",
        "        where = self._restriction or reading.search.since(None)\n"
        "        newest = reading.search._page(where, reading.fields, 1, order='updated DESC')['issues']\n"
        "        if newest:\n"
        "            yield Page(rows=self._complete(reading, newest), cursor=cursor)\n"
        "        for rows in self._walk(reading, start, []):\n",
        "test_tickets_come_oldest_change_first",
    ),
    Mutant(
        "pages go on behind a time and forget the key",
        "servicenow/xmo_servicenow/keyset.py",
        'return f"{column}>{stamp}^NQ{column}={stamp}^sys_id>{sys_id}"',
        'return f"{column}>{stamp}" if sys_id else ""',
        "test_tickets_that_share_an_instant_over_a_page_border_all_come",
    ),
    Mutant(
        "a desk without tickets is not expected",
        "jira/xmo_jira/source.py",
        "        if not reading.site.cloud:\n            self._prove",
        "        if cursor is None and since is None:\n            reading.search.newest(self._restriction)[0]\n"
        "        if not reading.site.cloud:\n            self._prove",
        "test_a_desk_without_tickets_is_no_error",
    ),
    Mutant(
        "all pages are read before the first is handed over",
        "jira/xmo_jira/source.py",
        "        for rows in self._walk(reading, start, []):\n",
        "        for rows in list(self._walk(reading, start, [])):\n",
        "test_pages_come_one_by_one",
    ),
    Mutant(
        "the cursor holds a tuple",
        "zendesk/xmo_zendesk/cursor.py",
        '"answered": list(self.answered)',
        '"answered": tuple(self.answered)',
        "test_a_cursor_comes_back_from_the_store_as_it_was",
    ),
    Mutant(
        "since is not looked at",
        "servicenow/xmo_servicenow/keyset.py",
        "return stamp_of(first) if first else None",
        "return None",
        "test_since_leaves_out_what_changed_before",
    ),
)

PARSING = (
    Mutant(
        "a count is a fraction",
        "servicenow/xmo_servicenow/parse.py",
        'reopens=values["reopens"] or 0',
        'reopens=float(values["reopens"] or 0)',
        "test_records_are_what_the_contract_says",
    ),
    Mutant(
        "a time is read in another zone",
        "servicenow/xmo_servicenow/parse.py",
        "            opened_at=opened_at,\n",
        "            opened_at=opened_at.replace(hour=(opened_at.hour + 1) % 24),\n",
        "test_a_known_ticket_is_as_the_vendor_shows_it",
    ),
    Mutant(
        "the offset of a time is forgotten",
        "jira/xmo_jira/values.py",
        "return at.astimezone(UTC)\n    except (OverflowError",
        "return at.replace(tzinfo=UTC)\n    except (OverflowError",
        "test_times_are_utc_whatever_offset_they_are_written_in",
    ),
    Mutant(
        "parse writes into its row",
        "servicenow/xmo_servicenow/source.py",
        "        table = row.get(TABLE)\n",
        '        table = row.setdefault("parsed", row.get(TABLE))\n',
        "test_parse_is_pure",
    ),
    Mutant(
        "parse looks at the clock",
        "zendesk/xmo_zendesk/parse.py",
        'if values["state"] == "deleted":',
        'if values["state"] == "deleted" or __import__("time").time() < 0:',
        "test_parse_reads_no_clock_and_asks_nobody",
    ),
    Mutant(
        "a row holds what is no JSON",
        "servicenow/xmo_servicenow/source.py",
        "        row[TABLE] = table\n",
        '        row[TABLE] = table\n        row["of"] = frozenset((table,))\n',
        "test_a_row_comes_back_from_quarantine_as_it_was",
    ),
    Mutant(
        "a time out of range is not expected",
        "zendesk/xmo_zendesk/times.py",
        '    except OverflowError:\n        raise ValueError("out of range") from None\n\n\ndef epoch',
        '    except ZeroDivisionError:\n        raise ValueError("out of range") from None\n\n\ndef epoch',
        "test_a_damaged_row_is_refused_or_read",
    ),
    Mutant(
        "fetch stumbles over a row without a date",
        "jira/xmo_jira/walk.py",
        "    except ValueError:\n        return None\n",
        "    except ZeroDivisionError:\n        return None\n",
        "test_a_row_without_a_readable_date_stops_no_other",
    ),
)

TROUBLE = (
    Mutant(
        "a request goes past the session",
        "jira/xmo_jira/source.py",
        "        self._site = look(self._client, self._options)\n",
        '        __import__("requests").get(f"{self._options.url}/rest/api/2/serverInfo", timeout=9)\n'
        "        self._site = look(self._client, self._options)\n",
        "test_all_requests_go_through_the_session",
    ),
    Mutant(
        "a search by POST does not say that it only reads",
        "jira/xmo_jira/client.py",
        "allow_redirects=False, headers=_ONLY_READS)",
        "allow_redirects=False)",
        "test_a_post_that_only_reads_says_so",
    ),
    Mutant(
        "a 429 is repeated at once",
        "jira/xmo_jira/client.py",
        _JIRA_SESSION,
        f"{_JIRA_SESSION}"
        '        again = __import__("urllib3").Retry(3, connect=0, read=False, other=0, allowed_methods=None,\n'
        "            status_forcelist=(429,), respect_retry_after_header=False, raise_on_status=False)\n"
        '        self._session.get_adapter("http://").max_retries = again\n',
        "test_a_429_is_waited_out",
    ),
    Mutant(
        "a 503 is the end",
        "jira/xmo_jira/client.py",
        _JIRA_SESSION,
        f"{_JIRA_SESSION}"
        "        def end(response: Response, **_: Any) -> None:\n"
        "            if response.status_code == 503:\n"
        '                response.close()\n                raise Unavailable("Jira is down.")\n'
        '        self._session.hooks["response"].append(end)\n',
        "test_a_503_is_asked_again",
    ),
    Mutant(
        "answers are read behind the session's back",
        "jira/xmo_jira/client.py",
        _JIRA_SESSION,
        f"{_JIRA_SESSION}        self._session.stream = True\n",
        "test_a_connection_that_breaks_off_is_asked_again",
    ),
    Mutant(
        "half an answer is the last page",
        "zendesk/xmo_zendesk/client.py",
        "    body = response.json()\n",
        "    try:\n        body = response.json()\n    except Unavailable:\n"
        '        body = {"tickets": [], "ticket_events": [], "ticket_metric_events": [], "end_of_stream": True}\n',
        "test_half_an_answer_is_not_taken_for_a_whole_one",
    ),
    Mutant(
        "an outage ends a fetch quietly",
        "zendesk/xmo_zendesk/walk.py",
        _ZENDESK_PAGES,
        "            yield from self._streams()\n        except Unavailable as error:\n"
        '            if not hasattr(error.__cause__, "response"):\n                raise\n        finally:\n',
        "test_an_outage_is_named",
    ),
    Mutant(
        "a long wait ends a fetch quietly",
        "zendesk/xmo_zendesk/walk.py",
        _ZENDESK_PAGES,
        '            yield from self._streams()\n        except __import__("xmo_hooks").RateLimited:\n'
        "            pass\n        finally:\n",
        "test_a_vendor_that_asks_for_an_hour_is_left_alone",
    ),
    Mutant(
        "a refused log-in is tried again and again",
        "zendesk/xmo_zendesk/client.py",
        '        return _body(self._session.get(f"{self._url}/api/v2/{path}", params=params), path)\n',
        "        for _ in range(9):\n            try:\n"
        '                return _body(self._session.get(f"{self._url}/api/v2/{path}", params=params), path)\n'
        '            except __import__("xmo_hooks").AuthError as error:\n                last = error\n'
        "        raise last\n",
        "test_a_refused_log_in_is_named_and_not_tried_again",
    ),
)

WRITING = (
    Mutant(
        "a receipt without a reference",
        "servicenow/xmo_servicenow/journal.py",
        'return Receipt(reference=ticket.key, at=_time(after.get("sys_updated_on")))',
        'return Receipt(reference="", at=_time(after.get("sys_updated_on")))',
        "test_a_comment_is_found_by_its_marker",
    ),
    Mutant(
        "markers are compared in small letters",
        "jira/xmo_jira/comments.py",
        'exact = re.compile(re.escape(marker) + r"(?![A-Za-z0-9_-])")',
        "exact = re.compile(re.escape(marker), re.IGNORECASE)",
        "test_a_marker_that_is_not_there_is_not_found",
    ),
    Mutant(
        "a comment whose answer was lost is sent again",
        "jira/xmo_jira/client.py",
        '        return self._ask("POST", path, json=body, allow_redirects=False)\n',
        '        try:\n            return self._ask("POST", path, json=body, allow_redirects=False)\n'
        "        except Unavailable as error:\n            if status_of(error):\n                raise\n"
        '            return self._ask("POST", path, json=body, allow_redirects=False)\n',
        "test_a_comment_whose_answer_was_lost_is_found_and_not_repeated",
    ),
    Mutant(
        "a comment is written twice",
        "servicenow/xmo_servicenow/journal.py",
        "    try:\n        after = client.write(",
        '    client.write(ticket.vendor_type, ticket.key, {"comments": text}, columns)\n'
        "    try:\n        after = client.write(",
        "test_a_question_stands_at_the_desk_once",
    ),
    Mutant(
        "a comment reopens its ticket",
        "zendesk/xmo_zendesk/comments.py",
        '            "comment": {"body": message.text, "public": True},\n',
        '            "comment": {"body": message.text, "public": True},\n            "status": "open",\n',
        "test_asking_leaves_the_ticket_as_it_is",
    ),
    Mutant(
        "a conflict is taken for a refusal",
        "zendesk/xmo_zendesk/comments.py",
        '    raise Conflict(f"{ticket.number} was changed by others',
        '    raise Forbidden(f"{ticket.number} was changed by others',
        "test_a_ticket_that_changed_meanwhile_is_a_conflict",
    ),
    Mutant(
        "a comment is sent again after a 503",
        "jira/xmo_jira/client.py",
        '        return self._ask("POST", path, json=body, allow_redirects=False)\n',
        '        try:\n            return self._ask("POST", path, json=body, allow_redirects=False)\n'
        "        except Unavailable as error:\n            if not status_of(error):\n                raise\n"
        '            return self._ask("POST", path, json=body, allow_redirects=False)\n',
        "test_a_comment_is_not_sent_again_after_a_503",
    ),
    Mutant(
        "a refused comment gets a receipt",
        "servicenow/xmo_servicenow/journal.py",
        "        raise\n    return _receipt",
        "        return Receipt(reference=ticket.key)\n    return _receipt",
        "test_a_refused_comment_is_not_taken_for_written",
    ),
    Mutant(
        "what cannot be looked up is called missing",
        "servicenow/xmo_servicenow/source.py",
        "        return journal.find(self._client, ticket, marker)\n",
        "        try:\n            return journal.find(self._client, ticket, marker)\n"
        "        except XmoError:\n            return None\n",
        "test_what_cannot_be_looked_up_is_not_called_missing",
    ),
    Mutant(
        "only the first page of comments is looked at",
        "jira/xmo_jira/comments.py",
        "        if not page or (isinstance(total, int) and start >= total):\n",
        "        if not page or (isinstance(total, int) and start > 0):\n",
        "test_a_marker_on_a_later_page_of_comments_is_found",
    ),
    Mutant(
        "addresses are made harmless",
        "servicenow/xmo_servicenow/journal.py",
        '{"comments": text}',
        '{"comments": text.replace("http", "hxxp")}',
        "test_the_words_arrive_as_they_were_written",
    ),
    Mutant(
        "our own question counts as a word of the desk",
        "servicenow/xmo_servicenow/beside.py",
        'row["element"] == "comments" and (side == "requester" or not MARKER.search(row["value"]))',
        'row["element"] == "comments"',
        "test_what_was_asked_is_no_touchpoint",
    ),
)

ABILITIES = (
    Mutant(
        "a capability without its method",
        "zendesk/xmo_zendesk/plugin.py",
        'can=frozenset({"comment", "hear"})',
        'can=frozenset({"comment", "hear", "restart"})',
        "test_declared_capabilities_are_there",
    ),
    Mutant(
        "a method that nobody declares",
        "servicenow/xmo_servicenow/plugin.py",
        'can = frozenset({"comment", "restart", "hear"})',
        'can = frozenset({"comment", "hear"})',
        "test_what_is_not_declared_is_not_offered",
    ),
    Mutant(
        "deletions are not told",
        "servicenow/xmo_servicenow/source.py",
        "deleted=self._gone(keys))",
        "deleted=self._gone(()))",
        "test_a_deleted_ticket_is_told",
    ),
    Mutant(
        "all that is asked about is called gone",
        "jira/xmo_jira/source.py",
        "        return deletions.gone(self._client, site, lost)\n",
        "        return [*lost, *keys]\n",
        "test_what_is_there_is_not_called_gone",
    ),
    Mutant(
        "a restart keeps how far tickets were read",
        "servicenow/xmo_servicenow/source.py",
        "        return deletes.kept(cursor)\n",
        "        return cursor\n",
        "test_a_restart_keeps_a_cursor_that_a_fetch_can_begin_with",
    ),
    Mutant(
        "check does not say what is well",
        "zendesk/xmo_zendesk/source.py",
        _ZENDESK_CHECK,
        '        return [one for one in findings(self._client, self._options) if one.level != "ok"]\n',
        "test_check_finds_that_all_is_well",
    ),
    Mutant(
        "check does not say what is wrong",
        "zendesk/xmo_zendesk/source.py",
        _ZENDESK_CHECK,
        "        try:\n            found = list(findings(self._client, self._options))\n"
        '        except __import__("xmo_hooks").AuthError:\n            found = []\n'
        '        fine = Finding(level="ok", text="Fine.")\n'
        '        return [fine, *(one for one in found if one.level != "error")]\n',
        "test_check_tells_of_a_refused_log_in",
    ),
    Mutant(
        "count guesses",
        "servicenow/xmo_servicenow/source.py",
        "        return Estimate(tickets=tickets, requests=requests)\n",
        "        return Estimate(tickets=1000 + tickets, requests=requests)\n",
        "test_count_is_an_estimate_or_none",
    ),
    Mutant(
        "a ticket that is gone is an error",
        "zendesk/xmo_zendesk/source.py",
        "            with suppress(NotFound):\n",
        "            with suppress(ZeroDivisionError):\n",
        "test_single_tickets_come_by_their_keys",
    ),
)

DISCRETION = (
    Mutant(
        "unknown options are passed over",
        "zendesk/xmo_zendesk/options.py",
        'of kind "zendesk" and loads them to `Options`."""\n',
        'of kind "zendesk" and loads them to `Options`."""\n\n    class Meta:\n        unknown = "exclude"\n',
        "test_an_unknown_option_is_refused_by_name",
    ),
    Mutant(
        "the address may be left out",
        "zendesk/xmo_zendesk/options.py",
        "        required=True, validate=_plain,",
        '        load_default="https://example.com", validate=_plain,',
        "test_the_address_is_an_option_that_must_be_given",
    ),
    Mutant(
        "options show the token",
        "zendesk/xmo_zendesk/options.py",
        '    token: Any = field(default="", repr=False)\n',
        '    token: Any = field(default="", repr=False)\n\n'
        "    def __repr__(self) -> str:\n        return reveal(self.token)\n\n",
        "test_options_do_not_show_their_secrets",
    ),
    Mutant(
        "the log says who logs in, and with what",
        "zendesk/xmo_zendesk/client.py",
        "        self._session.auth = _auth(options, tools)\n",
        "        self._session.auth = _auth(options, tools)\n"
        '        tools.log.info("logs in", token=reveal(options.token))\n',
        "test_no_secret_stands_in_logs_or_errors",
    ),
    Mutant(
        "a bad row is quoted whole",
        "jira/xmo_jira/issue.py",
        "    return BadRecord(message, field=field,",
        '    return BadRecord(f"{message} in {row}", field=field,',
        "test_no_person_stands_in_logs_or_errors",
    ),
)

_OF_JIRA = 'hmac.compare_digest(f"sha256={signature}".encode(), given.encode(errors="replace"))'

HEARING = (
    Mutant(
        "a webhook names its event as a ticket",
        "zendesk/xmo_zendesk/webhooks.py",
        'keys=(body["detail"]["id"],)',
        'keys=(body["detail"]["id"], body["type"])',
        "test_a_webhook_names_its_ticket_and_nothing_else",
    ),
    Mutant(
        "a webhook makes the source ask its vendor",
        "jira/xmo_jira/source.py",
        "        return webhooks.hear(",
        "        self._look()\n        return webhooks.hear(",
        "test_a_webhook_names_its_ticket_and_nothing_else",
    ),
    Mutant(
        "only the beginning of a signature is compared",
        "jira/xmo_jira/webhooks.py",
        _OF_JIRA,
        'hmac.compare_digest(f"sha256={signature}".encode()[:20], given.encode(errors="replace")[:20])',
        "test_a_webhook_with_another_signature_is_refused",
    ),
    Mutant(
        "a webhook without a signature is believed",
        "jira/xmo_jira/webhooks.py",
        f"    if not {_OF_JIRA}:\n",
        f"    if given and not {_OF_JIRA}:\n",
        "test_a_webhook_without_a_signature_is_refused",
    ),
    Mutant(
        "a body is read before it is proven",
        "jira/xmo_jira/webhooks.py",
        '    given = call.headers.get("x-hub-signature", "")\n',
        '    given = call.headers.get("x-hub-signature", "")\n    _read(call.body)\n',
        "test_a_webhook_whose_body_was_changed_is_refused",
    ),
    Mutant(
        "the edges of a body are not signed",
        "zendesk/xmo_zendesk/webhooks.py",
        " + call.body, hashlib",
        " + call.body.strip(), hashlib",
        "test_a_webhook_whose_body_was_changed_is_refused",
    ),
    Mutant(
        "the time of a webhook is not looked at",
        "servicenow/xmo_servicenow/webhooks.py",
        "    if abs(now - at) > WINDOW:\n",
        "    if at > now + WINDOW:\n",
        "test_an_old_webhook_is_refused",
    ),
)

_KNOWN_KIND = "    if occasion.ticket.kind in survey.kinds:\n"
_ASK = 'Ask(rule="surveys.resolution", probability=survey.sample)'
_VOTES = "    votes = (rule("

RULES = (
    Mutant(
        "a ticket without a title is not expected",
        "surveys/xmo_surveys/trigger.py",
        _KNOWN_KIND,
        "    if occasion.ticket.kind in survey.kinds and occasion.ticket.title.strip() is not None:\n",
        "test_any_arguments_will_do",
    ),
    Mutant(
        "a trigger remembers what it said",
        "surveys/xmo_surveys/trigger.py",
        _ASK,
        'Ask(rule="surveys.resolution", probability=1 / '
        '(decide.__dict__.setdefault("told", []).append(0) or len(decide.__dict__["told"])))',
        "test_the_same_arguments_give_the_same_answer",
    ),
    Mutant(
        "a trigger changes the person",
        "surveys/xmo_surveys/trigger.py",
        _VOTES,
        f"    occasion.person.attributes.clear()\n{_VOTES}",
        "test_no_argument_is_changed",
    ),
    Mutant(
        "a trigger draws lots",
        "surveys/xmo_surveys/trigger.py",
        "    if now >= until:\n",
        '    if now >= until or __import__("random").random() > 2:\n',
        "test_it_reads_no_clock_and_asks_nobody",
    ),
    Mutant(
        "a probability above one",
        "surveys/xmo_surveys/trigger.py",
        _ASK,
        'Ask(rule="surveys.resolution", probability=2 * survey.sample)',
        "test_a_vote_is_sound",
    ),
    Mutant(
        "a wait that is over",
        "surveys/xmo_surveys/trigger.py",
        "until=until)",
        "until=min(until, now))",
        "test_a_wait_ends",
    ),
    Mutant(
        "a reason quotes the title",
        "surveys/xmo_surveys/trigger.py",
        'Tickets of the kind "{occasion.ticket.kind}"',
        'Tickets such as "{occasion.ticket.title}"',
        "test_a_reason_names_nobody",
    ),
    Mutant(
        "an answer without a scale is not expected",
        "insights/xmo_insights/scores.py",
        "    if value is None or low is None or high is None:\n",
        "    if value is None:\n",
        "test_any_arguments_will_do",
    ),
    Mutant(
        "scores are fractions",
        "insights/xmo_insights/scores.py",
        "ONE = 1000 ",
        "ONE = 1000.0 ",
        "test_scores_are_whole_thousandths_or_unknown",
    ),
    Mutant(
        "good and bad are mixed up",
        "insights/xmo_insights/scores.py",
        '"net": positive - negative',
        '"net": negative - positive',
        "test_a_known_answer_gets_its_score",
    ),
    Mutant(
        "no answer is a zero",
        "insights/xmo_insights/scores.py",
        "return dict.fromkeys(NAMES)",
        "return dict.fromkeys(NAMES, 0)",
        "test_what_was_not_answered_is_unknown_and_not_zero",
    ),
    Mutant(
        "scores without an answer are left out",
        "insights/xmo_insights/scores.py",
        "return dict.fromkeys(NAMES)",
        "return {}",
        "test_the_names_are_always_the_same",
    ),
    Mutant(
        "there are no words",
        "surveys/xmo_surveys/words.py",
        "return Message(subject=subject, marker=invitation.marker, text=text)",
        "return None",
        "test_the_words_are_a_message",
    ),
    Mutant(
        "words that are no message",
        "surveys/xmo_surveys/words.py",
        "return Message(subject=subject, marker=invitation.marker, text=text)",
        "return text",
        "test_the_words_are_a_message",
    ),
    Mutant(
        "the marker in small letters",
        "surveys/xmo_surveys/words.py",
        "        marker=invitation.marker,\n",
        "        marker=invitation.marker.lower(),\n",
        "test_the_marker_stands_in_the_words",
    ),
    Mutant(
        "a link that is cut off",
        "surveys/xmo_surveys/words.py",
        '        link=invitation.link,\n        never=f"{invitation.link}/never",\n',
        '        link=invitation.link[:40],\n        never=f"{invitation.link[:40]}/never",\n',
        "test_the_link_stands_in_the_words",
    ),
    Mutant(
        "words without end",
        "surveys/xmo_surveys/words.py",
        "text=text)",
        "text=text * 10)",
        "test_the_words_are_short_enough",
    ),
    Mutant(
        "a subject of more than one line",
        "surveys/xmo_surveys/words.py",
        'number=" ".join(invitation.occasion.ticket.number.split())',
        "number=invitation.occasion.ticket.number",
        "test_the_subject_is_one_line",
    ),
)

MUTANTS = (*FETCHING, *PARSING, *TROUBLE, *WRITING, *ABILITIES, *HEARING, *DISCRETION, *RULES, *CHANNELS)
