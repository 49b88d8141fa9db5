"""The modules of Asterisk that our seats, lines and dialplan stand on; a switch has to load them (模块)."""

from __future__ import annotations

from collections.abc import Mapping

OF_APPLICATIONS: Mapping[str, str] = {
    "Dial": "app_dial",
    "ExecIf": "app_exec",
    "Gosub": "app_stack",
    "Return": "app_stack",
}
"""Applications of dialplans/ that a module brings; all others are Asterisk's own."""

OF_FUNCTIONS: Mapping[str, str] = {
    "CALLERID": "func_callerid",
    "CDR": "func_cdr",
    "CHANNEL": "func_channel",
    "CUT": "func_cut",
    "DIALPLAN_EXISTS": "func_dialplan",
    "FILTER": "func_strings",
    "GROUP": "func_groupcount",
    "GROUP_COUNT": "func_groupcount",
    "IF": "func_logic",
    "LEN": "func_strings",
    "LOCAL": "app_stack",
    "LOCK": "func_lock",
    "PJSIP_DIAL_CONTACTS": "chan_pjsip",
    "PJSIP_HEADER": "res_pjsip_header_funcs",
    "PJSIP_MEDIA_OFFER": "chan_pjsip",
    "REDIRECTING": "func_callerid",
    "REGEX": "func_strings",
    "UNLOCK": "func_lock",
}
"""Functions of dialplans/ and where they come from."""

OF_CALLS = (
    "pbx_config",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_registrar",
    "res_pjsip_sdp_rtp",
    "res_rtp_asterisk",
    "codec_alaw",
    "codec_ulaw",
)
"""What endpoints, registrations and voice stand on."""

NEEDED = tuple(sorted({*OF_APPLICATIONS.values(), *OF_FUNCTIONS.values(), *OF_CALLS}))
FOR_OFFERS = "res_pjsip_notify"
"""Tells an IAD to fetch its file: nothing but `seatline iad --offer` wants it."""
