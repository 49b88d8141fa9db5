"""The modules of Asterisk that our seats, lines and dialplan stand on; a switch has to load them (模块)."""

from __future__ import annotations

from collections.abc import Mapping

OF_APPLICATIONS: Mapping[str, str] = {
    "DBdeltree": "app_db",
    "Dial": "app_dial",
    "ExecIf": "app_exec",
    "Gosub": "app_stack",
    "Log": "app_verbose",
    "MixMonitor": "app_mixmonitor",
    "Playback": "app_playback",
    "Read": "app_read",
    "Return": "app_stack",
    "StartMusicOnHold": "res_musiconhold",
    "StopMixMonitor": "app_mixmonitor",
    "StopMusicOnHold": "res_musiconhold",
}
"""Applications of dialplans/ that a module brings; all others are Asterisk's own."""

OF_FUNCTIONS: Mapping[str, str] = {
    "CALLERID": "func_callerid",
    "CDR": "func_cdr",
    "CHANNEL": "func_channel",
    "CONNECTEDLINE": "func_callerid",
    "CUT": "func_cut",
    "DB": "func_db",
    "DB_KEYS": "func_db",
    "DEVICE_STATE": "func_devstate",
    "DIALPLAN_EXISTS": "func_dialplan",
    "FIELDQTY": "func_strings",
    "FILE": "func_env",
    "FILTER": "func_strings",
    "GLOBAL": "func_global",
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
    "STAT": "func_env",
    "STRFTIME": "func_strings",
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
    "bridge_builtin_interval_features",
    "format_wav",
)
"""What endpoints, registrations and voice stand on; the time a call may take, and its recording."""

NEEDED = tuple(sorted({*OF_APPLICATIONS.values(), *OF_FUNCTIONS.values(), *OF_CALLS}))
FOR_OFFERS = "res_pjsip_notify"
"""Tells an IAD to fetch its file: nothing but `seatline iad --offer` wants it."""
