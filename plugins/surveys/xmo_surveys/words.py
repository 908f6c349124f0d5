"""The words of an invitation: the comment that is written into the ticket, or what a channel carries."""

from xmo_hooks import Invitation, Message, Site
from xmo_surveys.catalogue import pick


def compose(invitation: Invitation, site: Site) -> Message:
    """Write the comment in the person's language: who asks, the question, one link, why, and the way out.

    Plain text under 1000 characters, for every vendor shows that; the marker stands in brackets on the last line.
    The subject is one line, whatever the vendor's number holds.
    """
    words = pick(invitation.occasion.person.language)
    text = words.comment.format(
        site=site.name,
        question=words.questions["feeling"].text,
        link=invitation.link,
        never=f"{invitation.link}/never",
        marker=invitation.marker,
    )
    subject = words.subject.format(number=" ".join(invitation.occasion.ticket.number.split()))
    return Message(subject=subject, marker=invitation.marker, text=text)
