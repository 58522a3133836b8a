/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A conversation as it runs: the scripted peer and the application, whoever the end is that they
 * talk to. It knows no clock: talk_step() says when it wants to go on.
 */
#ifndef TESTS_DIFF_TALK_H
#define TESTS_DIFF_TALK_H

#include <rte_ether.h>

#include <lib/packet.h>
#include <septet/septet.h>

#include "conversation.h"

#define TALK_LINES 220

/* What is compared. Numbers are relative: bytes of a stream, or counted from a SYN at 0. */
struct outcome {
	bool opened; /* the application had a connection */
	bool app_closed;
	uint32_t read, written;
	bool wrong_bytes; /* in either stream */
	bool eof;
	int error;              /* -ECONNRESET, -ETIMEDOUT, -ECONNREFUSED: a positive errno, or 0 */
	uint32_t peer_received; /* bytes in order */
	bool peer_fin;
	bool peer_rst;         /* before both streams had come to their end */
	uint32_t acknowledged; /* of the peer's stream, by the end */
	enum spt_state state;
};

struct talk;

/* The end under test. Calls return as the socket's: bytes, or a negative errno. */
struct end_ops {
	int (*connect)(struct talk *t);
	void (*deliver)(struct talk *t, const uint8_t *frame, unsigned int length);
	/* The end works until it rests; what it sends comes to talk_input(). */
	void (*settle)(struct talk *t);
	int (*read)(struct talk *t, uint8_t *to, uint32_t n);
	int (*write)(struct talk *t, const uint8_t *from, uint32_t n);
	int (*shutdown)(struct talk *t);
	void (*close)(struct talk *t);
	void (*abort)(struct talk *t);
	int (*error)(struct talk *t); /* what the end keeps to tell, once */
};

struct talk_line {
	uint64_t at;
	char direction; /* '>' of the peer, '<' of the end, 'x' lost, '.' a call */
	char text[100];
};

struct talk {
	const struct conversation *c;
	const struct end_ops *ops;
	void *end;                         /* the back end's */
	int fd;                            /* of the kernel's */
	int other_fd;                      /* a second connection of the tuple, that nobody uses */
	struct spt_endpoint local, remote; /* of the end */
	struct rte_ether_addr mac, peer_mac;
	struct outcome out;

	unsigned int step;
	bool ending, done;
	uint64_t now, began, ends_at;
	bool may_call; /* the application has the connection, and has not closed it */

	/* the peer */
	bool irs_known, their_ts, their_sack, their_wscale;
	uint32_t irs, ts_recent, stamp;
	uint32_t rcv_next, rcv_seen, edge, last_ack;
	uint32_t lose_from, lose_to; /* of their stream: what comes the first time is lost */
	uint32_t their_fin;          /* where; 0: none yet */
	bool any_rst;
	bool must_ack;      /* something came that was not acknowledged */
	bool will_finish;   /* the application has asked for a FIN */
	unsigned int quiet; /* ticks of the ending in which all was done already */
	bool got[CONVERSATION_STREAM + 2];

	struct talk_line *line;
	unsigned int n_lines;
};

void talk_init(struct talk *t, const struct conversation *c, const struct end_ops *ops);
void talk_fini(struct talk *t);

/* The end sent this frame, Ethernet header first. */
void talk_input(struct talk *t, const uint8_t *frame, unsigned int length);

/*
 * Do what is next at 'now' (ns). When it wants to be called again; talk_over(): nothing is left.
 */
uint64_t talk_step(struct talk *t, uint64_t now);
static inline bool
talk_over(const struct talk *t)
{
	return t->done;
}

void talk_ladder(const struct talk *t, const char *who);

#endif
