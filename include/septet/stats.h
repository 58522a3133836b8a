/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics with a conservation law: every frame received ends in exactly one
 * verdict, so rx_frames == sum of verdict[] after each turn.
 */
#ifndef SEPTET_STATS_H
#define SEPTET_STATS_H

#include <septet/types.h>

/* X(NAME, "snake_name", "what happened to the frame") */
#define SPT_VERDICTS(X)                                                                            \
	X(ETH_SHORT, "eth_short", "shorter than an Ethernet header")                               \
	X(ETH_NOT_OURS, "eth_not_ours", "destination MAC is not ours, nor a group we are in")      \
	X(ETH_UNKNOWN_TYPE, "eth_unknown_type", "EtherType that we do not speak")                  \
	X(ETH_SPLIT_HEADER, "eth_split_header", "headers spread over buffers, not mendable")       \
	X(ARP_BAD, "arp_bad", "malformed ARP")                                                     \
	X(ARP_REQUEST, "arp_request", "ARP request for us, answered")                              \
	X(ARP_REPLY, "arp_reply", "ARP reply taken into the neighbour table")                      \
	X(ARP_IGNORED, "arp_ignored", "ARP that does not concern us")                              \
	X(ARP_CONFLICT, "arp_conflict", "ARP from another host that claims our address")           \
	X(IP4_SHORT, "ip4_short", "shorter than its IPv4 header or total length")                  \
	X(IP4_BAD_HEADER, "ip4_bad_header", "IPv4 version, header length or total length wrong")   \
	X(IP4_BAD_CHECKSUM, "ip4_bad_checksum", "IPv4 header checksum wrong")                      \
	X(IP4_FRAGMENT, "ip4_fragment", "IPv4 fragment: TCP avoids them, we drop them")            \
	X(IP4_BAD_SOURCE, "ip4_bad_source", "IPv4 source is broadcast, multicast, loopback or 0")  \
	X(IP6_SHORT, "ip6_short", "shorter than its IPv6 header or payload length")                \
	X(IP6_BAD_HEADER, "ip6_bad_header", "IPv6 version or extension header wrong")              \
	X(IP6_FRAGMENT, "ip6_fragment", "IPv6 fragment header")                                    \
	X(IP6_BAD_SOURCE, "ip6_bad_source", "IPv6 source is multicast, loopback or unspecified")   \
	X(IP_NOT_LOCAL, "ip_not_local", "destination address is not one of ours")                  \
	X(IP_GROUP, "ip_group", "to a broadcast or multicast address (RFC 9293 MUST-57)")          \
	X(IP_UNKNOWN_PROTOCOL, "ip_unknown_protocol", "neither TCP nor ICMP; answered by ICMP")    \
	X(ICMP_SHORT, "icmp_short", "truncated ICMP")                                              \
	X(ICMP_BAD_CHECKSUM, "icmp_bad_checksum", "ICMP checksum wrong")                           \
	X(ICMP_ECHO, "icmp_echo", "echo request, answered")                                        \
	X(ICMP_ECHO_LIMITED, "icmp_echo_limited", "echo request that could not be answered")       \
	X(ICMP_ERROR, "icmp_error", "ICMP error handed to its connection")                         \
	X(ICMP_ERROR_STRAY, "icmp_error_stray", "ICMP error that matches nothing of ours")         \
	X(ICMP_IGNORED, "icmp_ignored", "ICMP type that asks nothing of us (source quench too)")   \
	X(ND_BAD, "nd_bad", "malformed neighbour discovery (RFC 4861 7.1)")                        \
	X(ND_SOLICIT, "nd_solicit", "neighbour solicitation for us, answered")                     \
	X(ND_ADVERT, "nd_advert", "neighbour advertisement taken into the table")                  \
	X(ND_IGNORED, "nd_ignored", "neighbour or router message that does not concern us")        \
	X(TCP_SHORT, "tcp_short", "shorter than its TCP header")                                   \
	X(TCP_BAD_OFFSET, "tcp_bad_offset", "data offset below 5 or beyond the segment")           \
	X(TCP_BAD_CHECKSUM, "tcp_bad_checksum", "TCP checksum wrong (RFC 9293 MUST-3)")            \
	X(TCP_BAD_OPTION, "tcp_bad_option", "option of illegal length (RFC 9293 MUST-7)")          \
	X(TCP_BAD_PORT, "tcp_bad_port", "port 0")                                                  \
	X(TCP_NO_LISTENER, "tcp_no_listener", "to a closed port; answered by RST")                 \
	X(TCP_CLOSED_RST, "tcp_closed_rst", "RST to no connection: discarded")                     \
	X(TCP_RST_LIMITED, "tcp_rst_limited", "would draw a RST, beyond the rate limit")           \
	X(TCP_SYN, "tcp_syn", "SYN that made a half-open record")                                  \
	X(TCP_SYN_REPEATED, "tcp_syn_repeated", "SYN again: SYN-ACK again")                        \
	X(TCP_SYN_BACKLOG, "tcp_syn_backlog", "SYN refused: the listener's backlog is full")       \
	X(TCP_SYN_COOKIE, "tcp_syn_cookie", "SYN answered by a cookie, without a record")          \
	X(TCP_SYN_NO_RECORD, "tcp_syn_no_record", "SYN refused: no half-open record left")         \
	X(TCP_SYN_NO_FLOW, "tcp_syn_no_flow", "SYN refused: the flow table's buckets are full")    \
	X(TCP_SYN_PORT_FULL, "tcp_syn_port_full", "SYN refused: the port is full of answers")      \
	X(TCP_SYN_LIMITED, "tcp_syn_limited", "SYN-ACK not repeated: rate limit")                  \
	X(TCP_HANDSHAKE, "tcp_handshake", "ACK that completed a passive open")                     \
	X(TCP_COOKIE, "tcp_cookie", "ACK of a cookie that made a connection")                      \
	X(TCP_COOKIE_DEFERRED, "tcp_cookie_deferred",                                              \
	    "ACK of a cookie, accept deferred until data: nothing is kept")                        \
	X(TCP_COOKIE_NO_CONN, "tcp_cookie_no_conn",                                                \
	    "ACK of a cookie refused in silence: no connection left; the peer repeats data")       \
	X(TCP_COOKIE_STALE, "tcp_cookie_stale",                                                    \
	    "ACK without connection: a cookie of an epoch that is over")                           \
	X(TCP_COOKIE_FORGED, "tcp_cookie_forged", "ACK without connection: no cookie of ours")     \
	X(TCP_HANDSHAKE_DEFERRED, "tcp_handshake_deferred",                                        \
	    "ACK of the handshake, accept deferred until data")                                    \
	X(TCP_HANDSHAKE_BAD_ACK, "tcp_handshake_bad_ack",                                          \
	    "wrong ACK in SYN-RECEIVED; answered by RST")                                          \
	X(TCP_HANDSHAKE_NO_CONN, "tcp_handshake_no_conn",                                          \
	    "ACK of the handshake refused: no connection left; the record stays")                  \
	X(TCP_HANDSHAKE_RST, "tcp_handshake_rst", "RST in SYN-RECEIVED: back to LISTEN")           \
	X(TCP_HANDSHAKE_IGNORED, "tcp_handshake_ignored",                                          \
	    "no ACK flag, or outside the window, in SYN-RECEIVED")                                 \
	X(TCP_CONNECTED, "tcp_connected", "SYN-ACK, or ACK, that completed an active open")        \
	X(TCP_SIMULTANEOUS, "tcp_simultaneous", "SYN in SYN-SENT: simultaneous open")              \
	X(TCP_REFUSED, "tcp_refused", "RST that refused an active open")                           \
	X(TCP_SYN_SENT_BAD_ACK, "tcp_syn_sent_bad_ack", "wrong ACK in SYN-SENT; answered by RST")  \
	X(TCP_SYN_SENT_IGNORED, "tcp_syn_sent_ignored",                                            \
	    "neither SYN nor an RST to believe, in SYN-SENT")                                      \
	X(TCP_DATA, "tcp_data", "data in order, delivered")                                        \
	X(TCP_DATA_OUT_OF_ORDER, "tcp_data_out_of_order", "data ahead of a gap, queued")           \
	X(TCP_DATA_DUPLICATE, "tcp_data_duplicate", "nothing new inside the window")               \
	X(TCP_DATA_NO_MEMORY, "tcp_data_no_memory",                                                \
	    "acceptable data dropped: queue budget reached")                                       \
	X(TCP_DATA_AFTER_CLOSE, "tcp_data_after_close",                                            \
	    "data after close; answered by RST (RFC 9293 3.6.1)")                                  \
	X(TCP_ACK, "tcp_ack", "bare ACK, new or repeated")                                         \
	X(TCP_ACK_OLD, "tcp_ack_old", "ACK older than any that could be valid (RFC 5961 5.2)")     \
	X(TCP_ACK_AHEAD, "tcp_ack_ahead", "ACK of what was not sent: challenge ACK")               \
	X(TCP_FIN, "tcp_fin", "FIN in order, with or without data")                                \
	X(TCP_LAST_ACK, "tcp_last_ack", "ACK of our FIN that ended the connection")                \
	X(TCP_NO_ACK, "tcp_no_ack", "neither ACK, RST nor SYN: discarded")                         \
	X(TCP_OUT_OF_WINDOW, "tcp_out_of_window", "sequence number not acceptable")                \
	X(TCP_PAWS, "tcp_paws", "timestamp too old (RFC 7323 5)")                                  \
	X(TCP_NO_TIMESTAMP, "tcp_no_timestamp",                                                    \
	    "timestamps negotiated, none present (RFC 7323 3.2)")                                  \
	X(TCP_RST, "tcp_rst", "RST that ended a connection")                                       \
	X(TCP_RST_CHALLENGED, "tcp_rst_challenged",                                                \
	    "RST in window, not at RCV.NXT (RFC 5961 3.2)")                                        \
	X(TCP_RST_IGNORED, "tcp_rst_ignored", "RST out of window")                                 \
	X(TCP_SYN_CHALLENGED, "tcp_syn_challenged", "SYN in a synchronized state (RFC 5961 4.2)")  \
	X(TCP_WINDOW_PROBE, "tcp_window_probe",                                                    \
	    "probe of a closed window or keep-alive, answered")                                    \
	X(TCP_TIMEWAIT_ACK, "tcp_timewait_ack", "bare ACK, or repeated data, in TIME-WAIT")        \
	X(TCP_TIMEWAIT_FIN, "tcp_timewait_fin", "FIN again in TIME-WAIT: 2MSL starts again")       \
	X(TCP_TIMEWAIT_RST, "tcp_timewait_rst", "RST in TIME-WAIT, ignored (RFC 1337)")            \
	X(TCP_TIMEWAIT_SYN, "tcp_timewait_syn", "SYN that reopened TIME-WAIT (RFC 6191)")          \
	X(TCP_TIMEWAIT_CHALLENGED, "tcp_timewait_challenged",                                      \
	    "SYN that TIME-WAIT does not accept")                                                  \
	X(INTERNAL_ERROR, "internal_error", "an error of our own; the connection was reset")

enum spt_verdict {
	SPT_V_CONTINUE = 0, /* not a verdict yet: never counted */
#define X(name, snake, text) SPT_V_##name,
	SPT_VERDICTS(X)
#undef X
	    SPT_V_COUNT
};

/* X(field, "what it counts"): monotonic counters of one engine. */
#define SPT_COUNTERS(X)                                                                            \
	X(rx_frames, "frames received; equals the sum of the verdicts")                            \
	X(rx_tcp_bytes, "payload bytes delivered in order to the application")                     \
	X(tx_frames, "frames handed to the port; of a large send the segments that it becomes")    \
	X(tx_tcp_bytes, "payload bytes sent, retransmissions included")                            \
	X(large_sends, "sends of several segments that the device cuts (TSO)")                     \
	X(tx_dropped, "frames that the port refused")                                              \
	X(tx_no_mbuf, "frames not sent: no mbuf")                                                  \
	X(tx_no_neighbour, "packets dropped: link address did not resolve")                        \
	X(neighbours_replaced, "entries of the neighbour table that others replaced")              \
	X(neighbours_not_asked, "ARP requests and solicitations not sent: rate limit")             \
	X(opened_passive, "connections accepted")                                                  \
	X(opened_active, "active opens completed")                                                 \
	X(connects, "active opens begun")                                                          \
	X(connects_refused, "active opens answered by RST or a hard ICMP error")                   \
	X(connects_no_tuple, "active opens refused: no local endpoint left")                       \
	X(timewait_reused, "TIME-WAIT records taken over by an active open")                       \
	X(closed, "connections whose CLOSED event was raised")                                     \
	X(closed_reset_by_peer, "closed by a RST")                                                 \
	X(closed_aborted, "closed by our abort")                                                   \
	X(closed_timed_out, "closed by R2, user time-out or keep-alive")                           \
	X(segments_retransmitted, "segments sent again, SYN-ACKs included")                        \
	X(rto_expirations, "retransmission time-outs")                                             \
	X(fast_retransmits, "recoveries started by duplicate ACKs")                                \
	X(fast_recoveries, "recoveries begun before a time-out, by RACK or duplicate ACKs")        \
	X(rack_lost, "sequence numbers that RACK found lost (RFC 8985)")                           \
	X(sack_blocks_received, "SACK blocks received (RFC 2018)")                                 \
	X(sack_blocks_ignored, "SACK blocks of what is not out, or for which there was no record") \
	X(dsacks_received, "reports of segments that came twice (RFC 2883)")                       \
	X(tlp_probes, "tail loss probes sent (RFC 8985 7)")                                        \
	X(tlp_recovered, "losses that a tail loss probe repaired")                                 \
	X(spurious_undone, "reductions of the window undone: nothing was lost (RFC 4015)")         \
	X(reneged, "time-outs at which the peer had let go what it had SACKed")                    \
	X(ecn_reductions, "reductions of the window by ECN-Echo (RFC 3168)")                       \
	X(pmtu_decreased, "path MTUs made smaller: a router told so (RFC 1191, RFC 8201)")         \
	X(pmtu_black_holes, "the same after two time-outs in a row (RFC 2923 2.1)")                \
	X(pmtu_increased, "path MTUs made larger: such a segment arrived (RFC 4821)")              \
	X(pmtu_waiting, "such messages of a size that arrived before: a time-out will tell")       \
	X(pmtu_not_believed, "such messages of no use: impossible, or nothing as large was out")   \
	X(no_chunk, "segments not sent: no record for them")                                       \
	X(window_probes, "zero-window probes sent")                                                \
	X(keepalive_probes, "keep-alive probes sent")                                              \
	X(acks_in_place, "replies written into the received mbuf")                                 \
	X(acks_delayed, "ACKs sent by the delayed-ACK timer")                                      \
	X(rx_congestion, "data segments that a router marked (CE), with ECN agreed on")            \
	X(acks_limited, "ACKs for unacceptable segments not sent: rate limit")                     \
	X(resets_sent, "RST segments sent")                                                        \
	X(half_open_expired, "half-open records given up after the last SYN-ACK")                  \
	X(cookies_by_records, "times that cookies began: records ran out")                         \
	X(cookies_by_rate, "times that cookies began: SYNs that nobody completed")                 \
	X(timewait_entered, "TIME-WAIT records made")                                              \
	X(timewait_expired, "TIME-WAIT records whose 2MSL passed")                                 \
	X(timewait_early, "TIME-WAIT records reaped before 2MSL: pool full")                       \
	X(flow_refused, "insertions that the flow table refused")                                  \
	X(budget_refused, "data not queued: an mbuf budget was reached")                           \
	X(events_delayed, "events handed out in a later turn: the array was full")                 \
	X(errors, "errors of our own, each with a connection reset")

struct spt_stats {
#define X(field, text) uint64_t field;
	SPT_COUNTERS(X)
#undef X
	uint64_t verdict[SPT_V_COUNT];
	/* gauges */
	uint64_t connections; /* full connections */
	uint64_t half_open;
	uint64_t timewait;
	uint64_t cookies_on;    /* engines that answer every SYN by a cookie */
	uint64_t source_tuples; /* of active opens, in use: connections and TIME-WAIT records */
	uint64_t pinned_mbufs;  /* held by send, out-of-order and undelivered queues */
};

/* "tcp_syn", and its explanation; for v < SPT_V_COUNT, never NULL. */
const char *spt_verdict_name(enum spt_verdict v);
const char *spt_verdict_text(enum spt_verdict v);

#endif
