/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the monitor: what it remembers of each 4-tuple. */
#ifndef TESTS_LIB_MONITOR_PRIV_H
#define TESTS_LIB_MONITOR_PRIV_H

#include "monitor.h"
#include "packet.h"

#define MON_LADDER  30
#define MON_BUCKETS 1024
#define MON_SYNS    8
#define MON_TSVALS  1024
#define MON_RECENT  128
#define MON_SPANS   256
#define MON_STREAM  (1u << 20) /* bytes of a stream kept once they are acknowledged */
#define MON_MACS    16
#define MON_SACKED  64
#define MON_AGAIN   64
#define MON_NEWS    64

/* Exchanges without anything new: more than so many in a row, none a second after the last. */
#define MON_QUIET_LIMIT 128
#define MON_QUIET_NS    (900 * SPT_NS_PER_MS)

/* A half-open connection that said nothing for so long may have been given up. */
#define MON_HALF_OPEN_NS (20 * SPT_NS_PER_SEC)

/* So may an active open that nobody answered: SYNs are never further apart. */
#define MON_SYN_SENT_NS (59 * SPT_NS_PER_SEC)

/* What a segment that arrived looked like: for the form of a RST, and to bind a SYN. */
struct mon_recent {
	uint32_t seq, ack, seg_len;
	uint16_t wnd, mss;
	uint8_t flags, options, wscale;
	uint32_t tsval;
};

/* Sequence numbers that arrived, [from, to), relative to IRS; sorted, apart. */
struct mon_span {
	uint32_t from, to;
};

/* A SACK block that the end received, sequence numbers, and when. */
struct mon_sacked {
	uint32_t from, to;
	spt_time at;
};

/* One life of a 4-tuple: from a SYN of ours on. */
struct mon_life {
	bool have_iss, have_irs;
	bool established; /* our SYN was acknowledged */
	bool spoke;       /* something was sent that only a synchronized state sends */
	bool active;      /* our first SYN came without ACK: an active open */
	bool returned;    /* a SYN in the window of SYN-RECEIVED: back to LISTEN */
	bool forgotten;   /* see monitor_forget */
	bool fin_out, fin_in;
	bool rst_out, rst_in; /* a RST ended it */
	bool ts_ok, ws_ok, sack_ok;
	uint32_t sack_in[2]; /* the first block that came last: what the peer got last */
	bool have_ack, have_edge, have_tsval, have_tsecr;
	uint8_t ws_in, ws_out; /* shifts of the peer's window, of ours */
	uint8_t syn_options;
	uint8_t syn_wscale;
	uint16_t syn_mss, syn_wnd;
	uint16_t mss; /* the peer's */
	uint32_t iss, irs;
	uint32_t snd_max, una;
	uint32_t una_before; /* what was surely acknowledged before the present instant */
	uint32_t una_sure;   /* acknowledged by a segment that had to be taken */
	uint32_t fin_out_seq, fin_in_seq;
	uint32_t last_ack, edge_out, edge_in;
	uint32_t last_tsval, last_tsecr;
	spt_time una_at, rst_at, syn_at, irs_at, tsopt_at;
	/* bytes sent: stream[0] is the byte at iss + 1 + stream_base */
	uint8_t *stream;
	uint32_t stream_base, stream_len, stream_cap;
	struct mon_span span[MON_SPANS];
	uint32_t n_spans;
	uint32_t tsvals[MON_TSVALS];
	uint32_t n_tsvals;
	/* SACK: what came again and was not told yet; what came last behind a gap. As spans. */
	struct mon_span again[MON_AGAIN], news[MON_NEWS];
	uint32_t n_again, n_news;
	spt_time news_at;
	bool lost_count; /* more holes than can be remembered */
	/* What the peer said to have; 'reneges': and does not have, it seems */
	struct mon_sacked sacked[MON_SACKED];
	uint32_t n_sacked, high_sacked, una_moved;
	bool reneges, acked;
	/* ECN: we asked, or agreed; one SYN of ours did not; the peer did too */
	bool ecn_said, ecn_silent, ecn_peer;
	bool ece; /* CE came, CWR did not yet */
	spt_time ece_until;
};

struct mon_conn {
	struct mon_conn *next;
	uint32_t id;
	uint8_t family;
	struct spt_addr local, remote;
	uint16_t lport, rport;
	struct mon_life *life; /* the present one, NULL before our first SYN */
	struct mon_life *past; /* the one before, while the present one is half open */
	/* When it came back, and the ISS of the one that a RST ended then. */
	spt_time back_at;
	uint32_t gone_iss;
	struct mon_recent recent[MON_RECENT];
	uint32_t n_recent;
	uint32_t rst_credit; /* segments of the last instant that a RST may answer */
	spt_time input_at;
	spt_time output_at;
	uint32_t quiet; /* sent in a row without anything new */
	spt_time quiet_at;
};

struct mon_rung {
	spt_time at;
	bool out;
	uint32_t conn;
	bool known_out, known_in; /* iss, irs are known */
	uint32_t iss, irs;
	uint16_t rport;
	struct packet p;
};

struct monitor {
	char name[24], peer[24];
	struct rte_ether_addr mac;
	uint16_t mtu;
	bool cookies; /* see monitor_allow_cookies */
	bool go_back; /* see monitor_allow_go_back */
	spt_time now;
	spt_time asked; /* when it last said something that is not TCP: perhaps for an address */
	struct mon_conn *bucket[MON_BUCKETS];
	uint32_t n_conns;
	struct rte_ether_addr macs[MON_MACS];
	uint32_t n_macs;
	unsigned long segments;
	enum monitor_rule broken;
	char *report;
	struct mon_rung ladder[MON_LADDER];
	unsigned long rungs;
	uint8_t flat[PACKET_MAX];
};

void mon_fail(struct monitor *m, enum monitor_rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A well-formed segment was received or sent. */
void mon_input(struct monitor *m, struct mon_conn *c, const struct packet *p);
void mon_output(struct monitor *m, struct mon_conn *c, const struct packet *p);

struct mon_life *mon_life_new(void);
void mon_life_free(struct mon_life *l);
/* Whether this life is over: reset, or both FINs done and ours acknowledged. */
bool mon_life_over(const struct mon_life *l);
/* Where the received bytes end without a gap (sequence number). */
uint32_t mon_life_received(const struct mon_life *l);
/* [seq, seq + n) arrived. Returns whether something of it is new. */
bool mon_life_arrived(struct mon_life *l, uint32_t seq, uint32_t n);
/* Compare with and add to the stream. False when bytes differ. */
bool mon_life_sent(struct mon_life *l, uint32_t seq, const uint8_t *bytes, uint32_t n);

/* monitor_sack.c; 'text': what the segment brings may be taken. */
void mon_sack_input(const struct monitor *m, struct mon_life *l, const struct packet *p, bool text);
void mon_sack_output(struct monitor *m, struct mon_life *l, const struct packet *p);
void mon_ecn_input(const struct monitor *m, struct mon_life *l, const struct packet *p);
void mon_ecn_syn(
    struct monitor *m, const struct mon_conn *c, struct mon_life *l, const struct packet *p);
void mon_ecn_output(struct monitor *m, const struct mon_life *l, const struct packet *p);

void mon_recovery_input(const struct monitor *m, struct mon_life *l, const struct packet *p);
void mon_recovery_output(struct monitor *m, const struct mon_life *l, const struct packet *p);

void mon_ladder_add(struct monitor *m, const struct mon_conn *c, bool out, const struct packet *p);

#endif
