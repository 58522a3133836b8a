/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole conversations: an engine, and peers that do what the input says. The input is a program of
 * one byte an instruction and some for its arguments: segments that fit a connection but for what
 * differs, frames of any bytes, ICMP errors, ARP and neighbour discovery; a path that loses,
 * delays, reorders and marks, with SACK blocks honest and invented; time, from a nanosecond to
 * hours; every call of the application; pools and a port that are exhausted. After each instruction
 * all must hold that always holds (end.h), and in the end nothing may be left. tests/fuzz/seeds
 * writes such programs.
 */
#include <string.h>

#include <base/addr.h>
#include <base/seq.h>

#include "peer.h"

/* Turns at one instant: more is a conversation of the engine with itself. */
#define TURNS_MOST 300
/* Frames without text that one frame, or one call, may cause: an answer, and what waited for it. */
#define ANSWERS_MOST 6
#define SLACK        40
/* Deadlines that one instruction follows; then the application comes late. */
#define DEADLINES_MOST 300
/*
 * Deadlines at which nothing is done: lower bounds are allowed, and to look for an mbuf or for
 * space each millisecond, but no busy loop.
 */
#define IDLE_MOST 200
#define BUSY      (500 * SPT_NS_PER_US)
/* Answers to one's own answers: RFC 5961 7. */
#define ECHO_ROUNDS 80

#define END_OF_ALL (400 * SPT_NS_PER_SEC)

enum op {
	OP_SEGMENT, /* any segment of a peer's connection */
	OP_DATA,    /* the next data, as it should be */
	OP_ACK,     /* of all that the engine sent */
	OP_FIN,
	OP_SYN,       /* of a new life */
	OP_RST,       /* that is to be believed */
	OP_HANDSHAKE, /* all of a passive open */
	OP_ANSWER,    /* a SYN-ACK to what the engine opens */
	OP_RAW,       /* a frame as it stands in the input */
	OP_MANGLE,    /* a segment from before again, with other bytes */
	OP_ICMP,
	OP_LINK, /* ARP, neighbour discovery, echo requests */
	OP_NS,
	OP_MS,
	OP_SECONDS,
	OP_DEADLINE,
	OP_CONNECT,
	OP_MIRROR, /* what it sends comes back, as from its peer, until it is silent */
	OP_HABIT,  /* of the peers */
	OP_ACT,    /* all of enum end_act from here on */
	OP_PATH =
	    OP_ACT + END_ACTS, /* loss, delay, reordering, marks; the peers' acknowledgments */
	OP_SACK,               /* any blocks */
	OP_COUNT,
};

static struct world w;

/* ---- the clock -------------------------------------------------------------------- */

/* The engine works until the instant holds nothing more to do. */
static void
settle(void)
{
	unsigned int turns = 0;

	while (end_poll(&w.end) || w.end.port->n_rx > 0)
		EXPECT(++turns < TURNS_MOST);
}

static void
run_until(spt_time until)
{
	unsigned int idle = 0;

	settle(); /* what was held back belongs to the present */
	for (unsigned int i = 0; w.end.now < until; i++) {
		spt_time deadline = spt_next_deadline(w.end.engine);
		bool busy = deadline - w.end.now < BUSY, arrived;

		EXPECT(deadline > w.end.now);
		deadline = RTE_MIN(deadline, RTE_MAX(path_next(&w), w.end.now));
		w.end.now = i < DEADLINES_MOST ? RTE_MIN(until, deadline) : until;
		arrived = path_run(&w);
		if (end_poll(&w.end) || arrived) {
			settle();
			idle = 0;
		} else if (busy && w.end.port->room > 0) {
			EXPECT(++idle < IDLE_MOST);
		}
	}
}

static void
advance(spt_time by)
{
	run_until(w.end.now + by);
}

/* ---- instructions ------------------------------------------------------------------- */

static void
op_connect(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	struct peer *p = &w.peer[how & 7];
	struct spt_endpoint local = {.addr = p->local, .port = p->local_port};
	struct spt_endpoint remote = {.addr = p->addr, .port = p->port};

	end_connect(&w.end, how >> 3 & 1, how & 16 ? NULL : &local, &remote);
}

static void
op_mirror(void)
{
	uint64_t before;
	unsigned int round = 0;

	settle();
	w.mirror = true;
	/* Its own address as a peer's: the monitor takes that for nobody's. */
	w.end.wild = w.end.tainted = true;
	do {
		EXPECT(round++ < ECHO_ROUNDS);
		before = w.end.tx_frames;
		settle();
	} while (before != w.end.tx_frames);
	w.mirror = false;
}

static void
op_act(struct fuzz_input *in, unsigned int act)
{
	end_act(&w.end, (enum end_act)act, in);
}

static void
instruction(struct fuzz_input *in)
{
	uint8_t op = fuzz_u8(in) % OP_COUNT;

	switch (op) {
	case OP_SEGMENT: peer_segment(&w, in); break;
	case OP_DATA: peer_data(&w, in); break;
	case OP_ACK: peer_ack(&w, in); break;
	case OP_FIN: peer_fin(&w, in); break;
	case OP_SYN: peer_syn(&w, in); break;
	case OP_RST: peer_rst(&w, in); break;
	case OP_HANDSHAKE:
		peer_syn(&w, in);
		settle();
		peer_handshake_ack(&w);
		break;
	case OP_ANSWER: peer_answer(&w, in); break;
	case OP_RAW: peer_raw(&w, in); break;
	case OP_MANGLE: peer_mangle(&w, in); break;
	case OP_ICMP: peer_icmp(&w, in); break;
	case OP_LINK: peer_link(&w, in); break;
	case OP_NS: advance(fuzz_u16(in)); break;
	case OP_MS: advance((spt_time)fuzz_u8(in) * SPT_NS_PER_MS + 1); break;
	case OP_SECONDS: advance((spt_time)fuzz_u8(in) * SPT_NS_PER_SEC); break;
	case OP_DEADLINE:
		for (unsigned int n = 1 + (fuzz_u8(in) & 7); n > 0; n--)
			run_until(RTE_MIN(spt_next_deadline(w.end.engine),
			    w.end.now + 8 * 3600 * SPT_NS_PER_SEC));
		break;
	case OP_CONNECT: op_connect(in); break;
	case OP_MIRROR: op_mirror(); break;
	case OP_HABIT: peer_habit(&w, in); break;
	case OP_PATH: peer_path(&w, in); break;
	case OP_SACK: peer_sack(&w, in); break;
	default: op_act(in, op - OP_ACT); break;
	}
}

/* One instruction, the turns that it causes, and what must hold then. */
static void
step(struct fuzz_input *in)
{
	uint64_t answers = w.end.tx_frames - w.end.tx_text, received = w.end.rx_frames;
	spt_time now;

	/* No two instructions at one instant: ISNs are the same for 4.096 us. */
	if (!w.hold)
		w.end.now += 5 * SPT_NS_PER_US;
	now = w.end.now;
	instruction(in);
	if (!w.hold) { /* else the next one comes with the same burst */
		settle();
		end_check(&w.end);
		peer_check(&w);
	}
	answers = w.end.tx_frames - w.end.tx_text - answers;
	/* What was received may be answered later: when the port takes frames again. */
	w.credit += ANSWERS_MOST * (w.end.rx_frames - received);
	if (w.end.now == now)
		EXPECT(answers <= w.credit + SLACK);
	w.credit -= RTE_MIN(w.credit, answers);
}

/* ---- beginning and end -------------------------------------------------------------------- */

static void
finish(void)
{
	spt_time end;

	w.hold = false;
	end_relent(&w.end);
	settle();
	end_abort_all(&w.end);
	settle();
	end_check(&w.end);
	w.silent = true;
	end = w.end.now + END_OF_ALL;
	while (w.end.now < end)
		advance(RTE_MIN(end - w.end.now, 20 * SPT_NS_PER_SEC));
	peer_release(&w);
	end_check(&w.end);
	end_check_empty(&w.end);
	end_destroy(&w.end);
}

/*
 * When it begins: an ordinary time; just before the first connection's ISS wraps; before the clocks
 * of ticks, milliseconds or microseconds do.
 */
static spt_time
begin_at(uint8_t how, uint32_t iss_at_0)
{
	static const spt_time times[] = {ENV_EPOCH, 0, (UINT64_C(1) << 48) - 5000000000,
	    (UINT64_C(1) << 32) * 1000000 - 5000000000, (UINT64_C(1) << 32) * 1000 - 5000000000,
	    (UINT64_C(1) << 29 << 12) - 5000000000};

	if ((how & 7) < RTE_DIM(times))
		return times[how & 7];
	return (spt_time)(uint32_t)(0xfffffff0u - iss_at_0) << 12;
}

/* The ISS of the first peer's connection at time 0: it grows by one each 4.096 us (RFC 9293). */
static uint32_t
iss_at_0(const struct end_config *config, unsigned int peer)
{
	static uint32_t iss[2];
	static bool known[2];
	struct spt_source_options options = {0};

	if (known[peer])
		return iss[peer];
	world_create(&w, config, 0);
	w.end.source[0] = spt_source_add(w.end.engine, &options);
	end_connect(&w.end, 0,
	    &(struct spt_endpoint){.addr = w.peer[peer].local, .port = w.peer[peer].local_port},
	    &(struct spt_endpoint){.addr = w.peer[peer].addr, .port = w.peer[peer].port});
	iss[peer] = w.end.conn[0].iss;
	known[peer] = true;
	finish();
	return iss[peer];
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	env_start();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t mtus[] = {1500, 1500, 576, 9000};
	static const uint32_t pinned[] = {0, 8, 2, 64};
	struct fuzz_input in = {.at = data, .left = size};
	uint8_t pools = fuzz_u8(&in), link = fuzz_u8(&in), when = fuzz_u8(&in);
	struct end_config config = {.connections = 1 + (pools & 7),
	    .half_open = 1 + (pools >> 3 & 3),
	    .timewait = 1 + (pools >> 5),
	    .pinned = pinned[link & 3],
	    .mtu = mtus[link >> 2 & 3],
	    .multi_segment = link & 16,
	    .timewait_rst_closes = link & 32,
	    .secret = 1};
	spt_time start = begin_at(when, iss_at_0(&config, when >> 3 & 1));

	world_create(&w, &config, start);
	w.end.read_at_once = link & 64;
	if (link & 128)
		peer_introduce(&w);
	while (in.left > 0)
		step(&in);
	finish();
	return 0;
}
