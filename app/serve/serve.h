/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of `septet serve`: what a service is, what it has of a connection, and what
 * all services share: states from a pool, closing without a reset that overtakes the answer,
 * another try when buffers ran out, and the end of the program.
 */
#ifndef SPT_APP_SERVE_H
#define SPT_APP_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <septet/runtime.h>
#include <septet/septet.h>

#include "base/pool.h"
#include "common/ports.h"
#include "serve/http_parse.h"
#include "serve/options.h"
#include "serve/text.h"

#define LINGER_TIME    (2 * SPT_NS_PER_SEC) /* after our FIN a peer may go on this long */
#define LINGER_BYTES   (16 << 20)           /* and send this much; then it gets a RST */
#define RETRY_BURST    32                   /* connections tried again in a turn */
#define DATE_TEXT      32
#define HTTP_HEAD_ROOM 384 /* the longest head of a response */

struct serve_conn;
struct serve_core;

/*
 * A service: what happens to its connections. 'received' owns its chain. All are
 * called only while the connection is being served; what follows linger or close is common.
 */
struct service {
	const char *name;
	const char *help;
	bool nodelay; /* it writes whole messages: Nagle's algorithm would only delay them */
	void (*open)(struct serve_core *core, struct serve_conn *c);
	void (*received)(
	    struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain, uint32_t bytes);
	/* It was told -EAGAIN or had no buffer, and may go on. */
	void (*ready)(struct serve_core *core, struct serve_conn *c);
	/* The peer's FIN: 'c->peer_closed' is set. */
	void (*peer_closed)(struct serve_core *core, struct serve_conn *c);
	/* The program ends: 'c->stopping' is set; finish what was begun, then linger. */
	void (*stop)(struct serve_core *core, struct serve_conn *c);
};

extern const struct service service_echo, service_discard, service_chargen, service_http;

/* X(field, "what it counts"): a service's totals of one core. */
#define SERVICE_TOTALS(X)                                                                          \
	X(accepted, "connections accepted")                                                        \
	X(closed, "closed in order")                                                               \
	X(reset, "closed by the peer's RST")                                                       \
	X(timed_out, "closed by a time-out")                                                       \
	X(aborted, "aborted by us")                                                                \
	X(refused, "aborted: no state left for another connection")                                \
	X(bytes_in, "bytes received")                                                              \
	X(bytes_out, "bytes handed to TCP to be sent")                                             \
	X(requests, "requests answered")                                                           \
	X(errors, "requests answered by an error")

struct service_totals {
#define X(field, text) uint64_t field;
	SERVICE_TOTALS(X)
#undef X
};

/* Chains of received mbufs, in order, linked by a dynamic field of their first mbuf. */
struct held {
	struct rte_mbuf *head, *tail;
};

enum serve_phase {
	PHASE_SERVING,
	PHASE_LINGERING, /* our FIN is sent; what comes is thrown away, within bounds */
	PHASE_CLOSING,   /* closed or aborted: only CLOSED matters */
};

struct http_conn {
	struct http_parser parser;
	uint64_t skip;      /* bytes of the request's body still to come */
	uint64_t body_left; /* bytes of the response's body not queued yet */
	bool head_due;      /* the response's head is not queued yet */
	bool close_after;
};

struct serve_conn {
	spt_conn conn;
	TAILQ_ENTRY(serve_conn) live;
	TAILQ_ENTRY(serve_conn) waiting; /* on core->linger or core->retry */
	struct held held;                /* received, not done with */
	spt_time linger_until;
	uint32_t linger_bytes;
	uint32_t chunk;   /* chargen: bytes of a chain */
	uint8_t listener; /* index in options->listen */
	uint8_t phase;
	bool retrying;
	bool peer_closed;
	bool stopping;
	uint64_t at; /* position in the service's text */
	struct http_conn http;
};

/* How a response speaks of its connection. */
enum http_persistence {
	HTTP_KEEP,          /* HTTP/1.1: not at all */
	HTTP_KEEP_EXPLICIT, /* HTTP/1.0 */
	HTTP_CLOSE,
	HTTP_PERSISTENCES,
};

/* The head of a response that is all right, renewed with the date. */
struct http_text {
	uint16_t length;
	char text[HTTP_HEAD_ROOM];
};

TAILQ_HEAD(serve_list, serve_conn);

struct serve_core {
	struct spt_engine *engine;
	const struct serve_options *options;
	unsigned int index;
	spt_time now;
	spt_time stop_by; /* with 'stopping': abort what is left then */
	bool stopping;
	bool aborted;
	struct serve_list live, linger, retry;
	struct pool conns;
	struct serve *serve;
	/*
	 * The engine's number of each --listen, -1: of another port's; an accepted connection's
	 * user pointer points here.
	 */
	int listener[SERVE_LISTENERS];
	struct service_totals totals[SERVE_LISTENERS];
	struct text chargen, body;
	spt_time date_until;
	char date[DATE_TEXT]; /* RFC 9110 5.6.7, renewed once a second */
	struct http_text http[HTTP_PERSISTENCES];
};

/* What the runtime calls; 'app' is the struct serve that holds the options. */
extern const struct spt_core_ops serve_core_ops;

struct serve {
	struct serve_options options;
	struct spt_runtime *runtime;
	struct serve_core *core[SERVE_CORES];
	struct ports_end ports;
	/* By listener, of all cores; added up when they finish. */
	struct service_totals totals[SERVE_LISTENERS];
};

/* ---- for services ------------------------------------------------------- */

/* Registers the dynamic field of held chains; once, after EAL. 0 or a negative errno. */
int held_register(void);
void held_push(struct held *held, struct rte_mbuf *chain);
void held_push_front(struct held *held, struct rte_mbuf *chain);
struct rte_mbuf *held_pop(struct held *held);
void held_free(struct held *held);
/* Drop 'bytes' from the front, at most what the first mbuf holds. */
void held_consume(struct held *held, uint32_t bytes);

/*
 * Send a chain. True: taken. False: the chain is still the caller's, 'ready' comes when it
 * is worth another try; or the connection no longer takes data and is closing.
 */
bool serve_send(struct serve_core *core, struct serve_conn *c, struct rte_mbuf *chain);

/* No buffer: call 'ready' in a later turn. */
void serve_retry(struct serve_core *core, struct serve_conn *c);

/*
 * Our last byte is queued. Linger: FIN, throw away what the peer still sends until its FIN,
 * then close; so that no RST overtakes what we said (RFC 9112 9.6). Close: at once.
 */
void serve_linger(struct serve_core *core, struct serve_conn *c);
void serve_close(struct serve_core *core, struct serve_conn *c);

/* The date is another: write the heads anew. */
void http_prepare(struct serve_core *core);

static inline struct service_totals *
serve_totals(struct serve_core *core, const struct serve_conn *c)
{
	return &core->totals[c->listener];
}

/* The address and service of a listener, without a colon at the ends: "http 10.0.0.1:80". */
const char *serve_listen_text(const struct serve_listen *listen, char *text, size_t size);

/* ---- control and report ------------------------------------------------- */

/* The thread that waits for signals and prints the status line. 0 or a negative errno. */
int serve_control_start(struct serve *serve);
void serve_control_join(void);

/* An episode of SYN cookies. */
struct serve_flood {
	bool seen; /* it began in the last second: how many SYNs come is known after the next */
	double rate;
};

/*
 * A line when SYN cookies begin, and one when they end; by each second's sums of all engines and
 * those of the second before.
 */
void serve_flood_watch(struct serve_flood *flood, const struct spt_runtime_snapshot *now,
    const struct spt_runtime_snapshot *before);

/* Lines at the start; 'user': what became of privileges. */
void serve_print_start(const struct serve *serve, const struct spt_eal_info *eal, const char *user);

/*
 * The summary, and the JSON file. False: the sums do not match, mbufs were lost, or it could not
 * be written.
 */
bool serve_print_summary(struct serve *serve, const struct spt_runtime_snapshot *end,
    const struct spt_runtime_leaks *leaks);

/* The subcommand: argv[0] is its first argument. Returns the exit code. */
int serve_main(int argc, char **argv);

#endif
