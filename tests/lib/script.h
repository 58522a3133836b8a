/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The script language: a connection in a state, inject, expect, let time pass. A script plays
 * the peer, frame by frame, and the application, call by call; the engine stands between.
 * Only differences are stated: a field left out is what an ordinary peer would send, or what
 * a correct engine would answer. docs/testing.md tells how to write one.
 *
 *	SCRIPT(fin_in_established, "RFC 9293 3.10.7.4, eighth")
 *	{
 *		given(ESTABLISHED);
 *		inject(FIN | ACK);
 *		expect_event(SPT_PEER_CLOSED);
 *		expect(ACK, .ack = 2);
 *		expect_state(CLOSE_WAIT);
 *		app_close();
 *		expect(FIN | ACK);
 *		inject(ACK);
 *		expect_closed(0);
 *	}
 *	SCRIPT_MAIN()
 *
 * Sequence numbers are relative: the SYN of each side stands at 0, its first byte at 1. Since
 * 0 means "left out", a 0 is stated as ZERO. Negative numbers are themselves.
 *
 * Each script runs in every variant: both families, initial sequence numbers just below 2^32
 * and elsewhere, timestamps on and off, received frames direct, chained or shared; and with
 * connections in synchronized states opened by the peer, and by the engine.
 */
#ifndef TESTS_LIB_SCRIPT_H
#define TESTS_LIB_SCRIPT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <septet/septet.h>

#include "packet.h"

#define FIN P_FIN
#define SYN P_SYN
#define RST P_RST
#define PSH P_PSH
#define ACK P_ACK
#define URG P_URG
#define ECE P_ECE
#define CWR P_CWR

/* A stated 0 where a 0 would mean "left out". */
#define ZERO INT64_MIN
/* An expectation that takes any value. */
#define ANY (INT64_MIN + 1)

enum { SCRIPT_DEFAULT, ON, OFF };

/* Ports of the engine's listener and of the first peer; further peers count up. */
#define SCRIPT_PORT      7
#define SCRIPT_PEER_PORT 40000
#define SCRIPT_PEERS     64

/* Timers may be late by two ticks of the wheel. */
#define SCRIPT_SLACK_US 150

/* ---- scripts ------------------------------------------------------------ */

struct script_entry {
	const char *name, *cites;
	void (*body)(void);
	struct script_entry *next;
};

void script_register(struct script_entry *entry);
int script_main(int argc, char **argv);

#define SCRIPT(name, cites_text)                                                                   \
	static void script_##name(void);                                                           \
	static struct script_entry script_entry_##name = {#name, cites_text, script_##name, NULL}; \
	__attribute__((constructor)) static void script_register_##name(void)                      \
	{                                                                                          \
		script_register(&script_entry_##name);                                             \
	}                                                                                          \
	static void script_##name(void)

/* The program: runs every script in every variant; arguments are parts of names to run. */
#define SCRIPT_MAIN()                                                                              \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return script_main(argc, argv);                                                    \
	}

/* Every verb notes where it stands, so that a failure names the script's line. */
void script_at(const char *file, int line);
#define SCRIPT_DO(call) (script_at(__FILE__, __LINE__), call)

/* ---- given: a connection in a state ------------------------------------- */

struct given {
	enum spt_state state;
	/* the peer's SYN */
	int64_t mss;    /* 0: 1460 or 1440; ZERO: no option */
	int64_t wnd;    /* on all its segments; 0: 65535 */
	int64_t wscale; /* 0: no option; ZERO: shift 0 */
	bool sack_perm; /* on its SYN, or SYN-ACK */
	bool ecn;       /* its SYN asks for it, its SYN-ACK agrees, if it was asked */
	int ts;         /* ON, OFF; 0: as the variant says */
	/* our side */
	int active;        /* ON: the engine opens; OFF: the peer; 0: as the variant says */
	bool by_close;     /* closing states through spt_close, not spt_shutdown */
	bool read_at_once; /* the application calls spt_receive_done for all it gets */
	uint32_t backlog;
	bool defer_accept, close_on_fin;
	bool merge; /* received segments that come in one burst: spt_port_merge_create */
	struct spt_conn_options conn;     /* of the listener, and of the source */
	struct spt_source_options source; /* all zero: every address, every port */
	struct spt_config config; /* behaviour and sizes; addresses and pools are the harness's */
};

/*
 * The engine listens, and the connection of the present peer is brought to 'name': LISTEN,
 * SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK or
 * TIME_WAIT. SYN_RECEIVED with .active = ON is a simultaneous open; what the engine opens has
 * the listener's address and port as its own, so that the 4-tuple does not tell who opened.
 * Called again (after use_peer) it opens another connection with the first one's
 * engine; then only the fields of the peer's SYN and 'by_close' count.
 */
#define given(name, ...) SCRIPT_DO(script_given(&(struct given){.state = SPT_##name, __VA_ARGS__}))
void script_given(const struct given *g);

/* ---- the peer sends ------------------------------------------------------- */

struct inject {
	uint8_t flags;
	int64_t seq;  /* 0: follows what the peer sent; a SYN is at 0 */
	int64_t ack;  /* 0: everything expected so far */
	int64_t wnd;  /* as on the wire; 0: as given */
	uint32_t len; /* payload of the peer's stream */
	uint8_t salt; /* other bytes than those of the stream */
	uint16_t up;
	int64_t tsval, tsecr; /* 0: a right clock, the last TSval of the engine */
	bool no_ts;
	bool rejected;       /* do not count it as sent: the engine will not take it */
	bool more;           /* arrives in one burst with the next */
	int64_t mss, wscale; /* of a SYN; 0: as given */
	int64_t sack[4][2];  /* blocks [from, to) of the engine's numbers; {0} ends */
	const char *options; /* raw, 'options_len' bytes, instead of all others */
	uint8_t options_len;
	uint8_t data_offset; /* a wrong one, in words */
	bool bad_checksum;
	uint8_t ttl, tos;
	uint16_t sport, dport;
	uint16_t local; /* to the engine's address number ... */
	uint16_t cut;   /* lengths say so, but that many bytes at the end are missing */
};

#define inject(f, ...) SCRIPT_DO(script_inject(&(struct inject){.flags = (f), __VA_ARGS__}))
void script_inject(const struct inject *i);

/* Any frame, as it is. */
#define inject_frame(bytes, length) SCRIPT_DO(script_inject_frame(bytes, length))
void script_inject_frame(const uint8_t *bytes, unsigned int length);

enum script_icmp {
	ICMP_NET_UNREACHABLE,
	ICMP_HOST_UNREACHABLE,
	ICMP_PROTOCOL_UNREACHABLE,
	ICMP_PORT_UNREACHABLE,
	ICMP_ADMIN_PROHIBITED,
	ICMP_TOO_BIG,
	ICMP_TIME_EXCEEDED,
	ICMP_PARAMETER_PROBLEM,
	ICMP_SOURCE_QUENCH, /* IPv4 only: nothing is injected in IPv6 */
	ICMP_ECHO_REQUEST,
};

struct inject_icmp {
	enum script_icmp kind;
	int64_t seq;           /* of the quoted segment; 0: the oldest unacknowledged */
	uint16_t quoted_sport; /* 0: the connection's */
	uint32_t mtu;          /* with ICMP_TOO_BIG */
	uint16_t quoted_dport; /* 0: the present peer's */
};

#define inject_icmp(k, ...)                                                                        \
	SCRIPT_DO(script_inject_icmp(&(struct inject_icmp){.kind = (k), __VA_ARGS__}))
void script_inject_icmp(const struct inject_icmp *i);

/* The present peer is number n from here on: another port, another connection. */
#define use_peer(n) SCRIPT_DO(script_use_peer(n))
void script_use_peer(unsigned int n);

/* The present peer begins again, with another ISS: 'ahead' of where its numbers are now. */
#define new_life(ahead) SCRIPT_DO(script_new_life(ahead))
void script_new_life(uint32_t ahead);

/* ---- what the engine sends ------------------------------------------------ */

struct expect {
	uint8_t flags;        /* PSH counts only if stated */
	int64_t seq;          /* 0: follows what was expected before; a SYN is at 0 */
	int64_t ack;          /* 0: all that the peer sent in order */
	int64_t wnd;          /* as on the wire; 0: any */
	uint32_t len;         /* payload, checked byte by byte against the stream */
	int64_t tsval, tsecr; /* 0: any (the monitor has its rules) */
	int64_t mss, wscale;  /* 0: any */
	uint16_t up;
	uint8_t with, without; /* options: sets of P_MSS ... */
	int64_t sack[4][2];    /* exactly these blocks [from, to) of the peer's numbers; {0}: any */
	int64_t tos, ttl;      /* 0: any */
	bool no_psh;
	const uint8_t *bytes; /* the payload, when it is not that of the stream */
};

/* The next segment for the present peer, already sent. */
#define expect(f, ...) SCRIPT_DO(script_expect(&(struct expect){.flags = (f), __VA_ARGS__}))
void script_expect(const struct expect *e);

/* Nothing is sent for so long, then exactly then this segment. The clock stands there after. */
#define expect_after_us(us, f, ...)                                                                \
	SCRIPT_DO(script_expect_after(us, &(struct expect){.flags = (f), __VA_ARGS__}))
#define expect_after_ms(ms, f, ...)                                                                \
	SCRIPT_DO(script_expect_after((ms)*1000ull, &(struct expect){.flags = (f), __VA_ARGS__}))
void script_expect_after(uint64_t us, const struct expect *e);

/* The next segment, sent already or within so long. The clock stands where it was sent. */
#define expect_within_ms(ms, f, ...)                                                               \
	SCRIPT_DO(script_expect_within((ms)*1000ull, &(struct expect){.flags = (f), __VA_ARGS__}))
void script_expect_within(uint64_t us, const struct expect *e);

/* The RST that RFC 9293 3.5.2 prescribes as the answer to the last segment injected. */
#define expect_rst() SCRIPT_DO(script_expect_rst())
void script_expect_rst(void);

/* An ICMP message, its type and code of the present family. */
#define expect_icmp(type, code) SCRIPT_DO(script_expect_icmp(type, code))
void script_expect_icmp(unsigned int type, unsigned int code);

/* No segment and no event waits to be expected. */
#define expect_nothing() SCRIPT_DO(script_expect_nothing())
void script_expect_nothing(void);

/* The same, for so long. */
#define expect_silence_ms(ms) SCRIPT_DO(script_expect_silence((ms)*1000ull))
void script_expect_silence(uint64_t us);

/* Segments that wait are thrown away (their numbers count as expected). Returns how many. */
#define ignore_segments() SCRIPT_DO(script_ignore_segments())
unsigned int script_ignore_segments(void);

/* ---- what the application sees -------------------------------------------- */

/*
 * CONNECTED, PEER_CLOSED, CLOSED, SOFT_ERROR and URGENT must be expected, in any order; the
 * others may be. Received bytes are compared with the peer's stream in any case.
 */
#define expect_event(bit) SCRIPT_DO(script_expect_event(bit))
void script_expect_event(uint32_t bit);
#define expect_connected()   expect_event(SPT_CONNECTED)
#define expect_no_event(bit) SCRIPT_DO(script_expect_no_event(bit))
void script_expect_no_event(uint32_t bit);
#define expect_closed(reason)     SCRIPT_DO(script_expect_reason(SPT_CLOSED, reason))
#define expect_soft_error(reason) SCRIPT_DO(script_expect_reason(SPT_SOFT_ERROR, reason))
void script_expect_reason(uint32_t bit, int reason);
/* So many bytes were delivered since the last time this was asked. */
#define expect_data(n) SCRIPT_DO(script_expect_data(n))
void script_expect_data(uint64_t n);
/* So many were told to be acknowledged (SENT). */
#define expect_acked(n) SCRIPT_DO(script_expect_acked(n))
void script_expect_acked(uint64_t n);
/* Delivered bytes are the salted ones from here on (see inject). */
#define expect_salt(n) SCRIPT_DO(script_expect_salt(n))
void script_expect_salt(uint8_t salt);

struct app_connect {
	int64_t to;     /* the number of the peer that is dialled; 0: the present one */
	uint16_t lport; /* 0: the source chooses address and port */
	uint16_t local; /* with 'lport': from the engine's address number ... */
	int64_t source; /* 0: the script's, made of given's .source and .conn */
	const struct spt_endpoint *remote; /* instead of a peer */
};

/*
 * spt_connect: what comes of it is the connection of the present peer, who is as the first given
 * says, if it was not given itself.
 */
#define app_connect(...) SCRIPT_DO(script_app_connect(&(struct app_connect){__VA_ARGS__}, 0))
/* It refuses with this error. */
#define app_connect_fails(error, ...)                                                              \
	SCRIPT_DO(script_app_connect(&(struct app_connect){__VA_ARGS__}, error))
void script_app_connect(const struct app_connect *c, int error);
/* What spt_connect says. */
#define app_try_connect(...) SCRIPT_DO(script_app_try_connect(&(struct app_connect){__VA_ARGS__}))
int script_app_try_connect(const struct app_connect *c);

#define app_send(n)              SCRIPT_DO(script_app_send(n, 0, 0))
#define app_send_flags(n, flags) SCRIPT_DO(script_app_send(n, flags, 0))
/* spt_send refuses with this error. */
#define app_send_fails(n, error) SCRIPT_DO(script_app_send(n, 0, error))
void script_app_send(uint32_t n, unsigned int flags, int error);
/* What spt_send says. */
#define app_try_send(n) SCRIPT_DO(script_app_try_send(n))
int script_app_try_send(uint32_t n);
/* A chain with so many bytes in each mbuf. */
#define app_send_pieces(flags, ...)                                                                \
	SCRIPT_DO(script_app_send_pieces(flags, (const uint16_t[]){__VA_ARGS__},                   \
	    sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t)))
void script_app_send_pieces(unsigned int flags, const uint16_t *pieces, unsigned int n);
/* spt_receive_done. */
#define app_read(n) SCRIPT_DO(script_app_read(n))
void script_app_read(uint32_t n);
#define app_shutdown() SCRIPT_DO(script_app_shutdown())
void script_app_shutdown(void);
#define app_close() SCRIPT_DO(script_app_close())
void script_app_close(void);
#define app_abort() SCRIPT_DO(script_app_abort())
void script_app_abort(void);
#define app_set(...) SCRIPT_DO(script_app_set(&(struct spt_conn_options){__VA_ARGS__}))
void script_app_set(const struct spt_conn_options *options);
#define app_unlisten(how) SCRIPT_DO(script_app_unlisten(how))
void script_app_unlisten(enum spt_unlisten how);
/* When 'bit' is seen the application does this at once, in the same turn. */
#define app_on(bit, verb) SCRIPT_DO(script_app_on(bit, script_##verb))
void script_app_on(uint32_t bit, void (*verb)(void));

/* ---- time, state, counters ------------------------------------------------- */

#define advance_us(us) SCRIPT_DO(script_advance(us))
#define advance_ms(ms) SCRIPT_DO(script_advance((ms)*1000ull))
void script_advance(uint64_t us);

#define expect_state(name) SCRIPT_DO(script_expect_state(SPT_##name))
/* Nothing is known of the present peer's connection: CLOSED. */
#define expect_gone() SCRIPT_DO(script_expect_state(SPT_CLOSED_STATE))
void script_expect_state(enum spt_state state);

/* Since the last inject (or advance, or call), this verdict, or counter, went up by one, by n. */
#define expect_verdict(v)     SCRIPT_DO(script_expect_verdict(v, 1))
#define expect_verdicts(v, n) SCRIPT_DO(script_expect_verdict(v, n))
void script_expect_verdict(enum spt_verdict v, uint64_t n);
#define expect_counted(counter, n)                                                                 \
	SCRIPT_DO(script_expect_counted(#counter, offsetof(struct spt_stats, counter), n))
void script_expect_counted(const char *name, size_t offset, uint64_t n);

/* Anything else; the ladder is shown when it does not hold. */
#define check(condition) SCRIPT_DO(script_check(condition, #condition))
void script_check(bool holds, const char *text);
#define check_eq(got, expected) SCRIPT_DO(script_check_eq(got, expected, #got))
void script_check_eq(int64_t got, int64_t expected, const char *text);

/* What the engine says of the present connection. */
struct spt_conn_info script_info(void);
/* The script's source of active opens, and what spt_source_info says of it. */
int script_source(void);
struct spt_source_info script_source_info(void);
/* The engine's port of the present connection; its address number n; the present peer. */
uint16_t script_local_port(void);
struct spt_addr script_local_address(unsigned int n);
struct spt_endpoint script_remote(void);
/* The engine itself, and the present connection's handle, for calls without a verb here. */
struct spt_engine *script_engine(void);
spt_conn script_conn(void);
spt_time script_now(void);
/* Work until nothing happens any more: after a call made directly. */
void script_settle(void);
/* An event that a spt_poll of one's own brought, to the script's application. */
void script_dispatch(const struct spt_event *e);

/* A connection whose handshake took so long: SRTT = R, RTTVAR = R / 2, RTO = 3 R. */
#define open_after_ms(ms, ...)                                                                     \
	do {                                                                                       \
		given(SYN_RECEIVED, __VA_ARGS__);                                                  \
		advance_ms(ms);                                                                    \
		inject(ACK);                                                                       \
		expect_event(SPT_ACCEPTED);                                                        \
	} while (0)

/* The engine's full-sized segment for this peer: MSS less the options on every segment. */
uint32_t script_full(void);
#define FULL script_full()
int script_family(void);
/* Received frames lie in one buffer each, to which nobody else refers. */
bool script_frames_direct(void);
/* The port cuts large sends into segments (TSO): scripts see those. */
bool script_tso(void);
bool script_timestamps(void);
/* TSval that the peer would send now. */
uint32_t script_tsval(void);
/* TSval of the engine's segment expected last. */
uint32_t script_engine_tsval(void);
/* A relative number of the engine, as spt_conn_info tells it; of the peer. */
uint32_t script_iss_plus(uint32_t relative);
uint32_t script_irs_plus(uint32_t relative);

/* The port takes no frame while on: its ring is full. */
#define port_refuses(on) SCRIPT_DO(script_port_refuses(on))
void script_port_refuses(bool on);

#endif
