"""The closed lists of words of the contract.

Rule 1: every word that leaves the house as a value stands here, once.
Rule 2: the names are English, the values are the words of the contract; they change only with it.
"""

from enum import StrEnum


class Channel(StrEnum):
    """The way a submission came in (`kanaal`)."""

    SMTP = "smtp"
    IMAP = "imap"
    PORTAL = "portaal"
    COUNTER = "balie"
    POST = "post"


class Status(StrEnum):
    """What the outside sees of a submission's state (`status`)."""

    RECEIVED = "ontvangen"
    IN_PROGRESS = "in_behandeling"
    HELD = "aangehouden"
    DONE = "afgehandeld"


class Outcome(StrEnum):
    """The decision on a submission as a whole (`besluit`)."""

    ACCEPTED = "aangenomen"
    PARTLY = "deels_aangenomen"
    REFUSED = "geweigerd"
    HELD = "aangehouden"
    REDIRECTED = "doorverwezen"
    REGISTERED = "geregistreerd"


class DocumentOutcome(StrEnum):
    """The decision on one document (`besluit` of a `stuk`)."""

    ACCEPTED = "aangenomen"
    NOT_REQUESTED = "niet_gevraagd"
    REFUSED = "geweigerd"
    HELD = "aangehouden"


class Reason(StrEnum):
    """Why (`reden`): the contract's closed list."""

    NOT_DESIGNATED = "niet_aangewezen_adres"
    TOO_LARGE = "te_groot"
    NO_REQUEST = "geen_verzoek"
    SEVERAL_REQUESTS = "meer_verzoeken"
    SENDER_UNKNOWN = "afzender_onbekend"
    SENDER_UNPROVEN = "afzender_niet_vastgesteld"
    NOT_REQUESTED = "niet_gevraagd"
    INFECTED = "besmet"
    ACTIVE_CONTENT = "actieve_inhoud"
    ENCRYPTED = "versleuteld"
    UNREADABLE = "onleesbaar"
    FILE_TYPE = "bestandstype"
    NOT_SCANNED = "niet_gescand"
    TOO_COMPLEX = "te_complex"
    REQUEST_CLOSED = "verzoek_gesloten"
    LATE = "te_laat"
    AUTOMATIC = "automatisch_bericht"
    REPEAT = "herhaling"
    EXTENSION_ASKED = "uitstelverzoek"
    STATEMENT = "verklaring"
    NO_DOCUMENTS = "geen_stukken"
    CHOICE_NEEDED = "keuze_nodig"


class RequestStatus(StrEnum):
    """Where a request stands (`status` of a `verzoek`)."""

    OPEN = "open"
    COMPLETE = "compleet"
    LAPSED = "verlopen"
    CLOSED = "gesloten"


class ItemStatus(StrEnum):
    """Where one requested item stands (`status` of a `stuk`)."""

    OPEN = "open"
    RECEIVED = "ontvangen"
    APPROVED = "goedgekeurd"
    REJECTED = "afgekeurd"
    STATEMENT = "verklaring"
    ORIGINAL_EXPECTED = "origineel_verwacht"


class Unit(StrEnum):
    """The unit of a term (`eenheid`)."""

    HOURS = "uren"
    DAYS = "dagen"
    WEEKS = "weken"
    MONTHS = "maanden"


class Role(StrEnum):
    """The capacity in which a person takes part (`rol`)."""

    APPLICANT = "aanvrager"
    REPRESENTATIVE = "gemachtigde"
    SPONSOR = "referent"
    CONTACT = "contactpersoon"


class Procedure(StrEnum):
    """The kind of procedure (`procedure`)."""

    APPLICATION = "aanvraag"
    OBJECTION = "bezwaar"


class EventName(StrEnum):
    """What an entry of the ledger says happened.

    The first group are ETSI EN 319 522-3 names where they fit; mail that comes in is
    `ReceivedFromNonERDS`. The second group are our own, in the same form.
    """

    RECEIVED_FROM_MAIL = "ReceivedFromNonERDS"
    SUBMISSION_ACCEPTED = "SubmissionAcceptance"
    SUBMISSION_REJECTED = "SubmissionRejection"
    LETTER_HANDED_OVER = "RelayToNonERDS"
    LETTER_FAILED = "RelayToNonERDSFailure"
    CONTENT_ACCESS = "ContentAccessTracking"
    MESSAGE_PLACED = "ContentConsignment"
    NOTICE_SENT = "ConsignmentNotification"
    NOTICE_FAILED = "ConsignmentNotificationFailure"

    DECIDED = "SubmissionDecided"
    RECEIPT = "SubmissionReceipt"
    SHELVED = "SubmissionShelved"
    REQUEST_OPENED = "RequestOpened"
    REQUEST_EXTENDED = "RequestExtended"
    REQUEST_CLOSED = "RequestClosed"
    REQUEST_COMPLETE = "RequestComplete"
    REQUEST_REOPENED = "RequestReopened"
    REQUEST_LAPSED = "RequestLapsed"
    EXTENSION_ASKED = "ExtensionAsked"
    EXTENSION_REFUSED = "ExtensionRefused"
    CONTACT = "ContactRegistered"
    REQUEST_RELEASED = "RequestReleased"
    LAPSE_WITHHELD = "LapseWithheld"
    REMINDED = "ReminderMade"
    REMINDER_STOPPED = "ReminderStopped"
    STAFF_TOLD = "StaffTold"
    TERM_RESTARTED = "TermRestarted"
    LETTER_POSTED = "LetterPosted"
    NOTICE_LATE = "NoticeLate"
    CONSENT_CHANGED = "ConsentChanged"
    PERSON_ACTED = "PersonActed"
    GATEWAY_STARTED = "GatewayStarted"
    GATEWAY_STOPPED = "GatewayStopped"
    OUTAGE = "Outage"
    OUTAGE_ANSWERED = "OutageAnswered"
    ACCOUNT_CHANGED = "AccountChanged"
    KEY_CHANGED = "KeyChanged"
    CLOCK_JUMPED = "ClockJumped"
    REGISTER_CLOSED = "RegisterClosed"
    LEDGER_CHECKED = "LedgerChecked"
    HANDOVER_CONFIRMED = "HandoverConfirmed"
    HOLD_PLACED = "LegalHoldPlaced"
    HOLD_RELEASED = "LegalHoldReleased"
    CONTENT_ERASED = "ContentErased"
    SIGNED_IN = "SignedIn"
    SIGN_IN_FAILED = "SignInFailed"
    CONFIGURATION_CHANGED = "ConfigurationChanged"
    COPY_MADE = "PersonCopyMade"
    INFECTION_FOUND = "InfectionFound"
    STORED_SCANNED = "StoredFilesScanned"


OF_THE_HOUSE = frozenset(
    {
        EventName.SUBMISSION_REJECTED,
        EventName.SIGN_IN_FAILED,
        EventName.GATEWAY_STARTED,
        EventName.GATEWAY_STOPPED,
        EventName.CONFIGURATION_CHANGED,
        EventName.OUTAGE,
        EventName.ACCOUNT_CHANGED,
        EventName.KEY_CHANGED,
        EventName.CLOCK_JUMPED,
        EventName.REGISTER_CLOSED,
        EventName.LEDGER_CHECKED,
        EventName.COPY_MADE,
        EventName.STORED_SCANNED,
    }
)
"""Events of no request and no submission, also where a request has the name that such an event is found by."""
