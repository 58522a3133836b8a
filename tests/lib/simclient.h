/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small TCP host for simulations: independent of the engine and deliberately simple.
 * It sends go-back-N with a retransmission time-out, takes segments in any order, offers a
 * window and reads at a given pace, closes in a given order. Streams are patterns
 * (pattern.h), so nothing is buffered: a byte is made when it is sent, and checked when it
 * comes. It opens actively, or passively when told to listen.
 */
#ifndef TESTS_LIB_SIMCLIENT_H
#define TESTS_LIB_SIMCLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/port.h>

enum simconn_state {
	SIMCONN_IDLE, /* before its start */
	SIMCONN_SYN_SENT,
	SIMCONN_SYN_RCVD,
	SIMCONN_OPEN, /* from here on see what is sent, received, acknowledged */
	SIMCONN_TIME_WAIT,
	SIMCONN_DONE,   /* closed in order */
	SIMCONN_FAILED, /* reset, or wrong bytes: 'error' */
};

struct simconn_config {
	uint16_t port; /* ours; of a listener: any */
	uint16_t peer_port;
	spt_time start;
	uint64_t send, receive; /* bytes of either stream */
	uint32_t seed_send, seed_receive;
	bool fin_last;  /* our FIN waits for the peer's, else it follows our data */
	bool send_last; /* even our data waits for the peer's FIN */
	bool timestamps;
	bool sack_permitted;
	uint16_t mss;           /* 0: no option */
	int wscale;             /* -1: no option */
	uint32_t window;        /* buffer offered, bytes */
	uint32_t segment;       /* largest that we send; 0: what the peer's MSS allows */
	uint32_t read_bytes;    /* the reader takes so many ... */
	spt_time read_interval; /* ... so often; 0: at once */
	uint64_t abort_at;      /* RST once so many bytes came; 0: never */
	bool may_reset;         /* any end is good: a RST, an early FIN, two minutes of silence */
	spt_time delayed_ack;   /* 0: every segment is acknowledged at once */
};

struct simclient;
struct simconn;

struct simclient_config {
	struct spt_port *port; /* stays the caller's */
	struct rte_mempool *pool;
	struct rte_ether_addr *peer_mac;
	struct spt_addr addr, peer;
	uint64_t seed; /* of its initial sequence numbers */
	uint32_t iss;  /* 0: by the seed */
};

/* Never NULL. */
struct simclient *simclient_create(const struct simclient_config *config, spt_time now);
void simclient_destroy(struct simclient *c); /* NULL is allowed */

/* Open a connection at config->start. Lives as long as the client. Never NULL. */
struct simconn *simclient_open(struct simclient *c, const struct simconn_config *config);

/* Accept one connection to config->port. Never NULL. */
struct simconn *simclient_listen(struct simclient *c, const struct simconn_config *config);

/* Receive, act, send. Returns whether anything was received or sent. */
bool simclient_poll(struct simclient *c, spt_time now);
spt_time simclient_next_deadline(const struct simclient *c);

/* Grows whenever a stream or a state moves on. */
uint64_t simclient_progress(const struct simclient *c);

enum simconn_state simconn_state(const struct simconn *s);
/* One line: state, streams, error. Static storage. */
const char *simconn_text(const struct simconn *s);
/* Times that the window offered was found closed, and opened again. */
uint64_t simconn_closed_windows(const struct simconn *s);

#endif
