/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two engines and a bad line between them. The input is a program: calls of both applications,
 * time, and what the line does: it loses, duplicates, delays, reorders, cuts, flips bits and marks
 * CE, by masks of a bit a frame that go round. After each instruction all must hold that always
 * holds (end.h). In the end the line becomes good, and then what one side sent the other has to
 * receive: nothing stalls, whatever happened before.
 */
#include <string.h>

#include <base/addr.h>

#include "end.h"

#define FLIGHTS_MOST   256 /* frames on the line */
#define TURNS_MOST     20000
#define DEADLINES_MOST 400
#define IDLE_MOST      (600 * SPT_NS_PER_SEC)
#define GOOD_DELAY     (10 * SPT_NS_PER_MS)
#define PATIENCE       (65 * SPT_NS_PER_SEC) /* the longest RTO, and a bit */
#define END_OF_ALL     (400 * SPT_NS_PER_SEC)

enum op {
	OP_CONNECT,
	OP_LINE,
	OP_NS,
	OP_MS,
	OP_SECONDS,
	OP_DEADLINE,
	OP_ACT,
	OP_COUNT = OP_ACT + END_ACTS,
};

struct flight {
	spt_time due;
	struct end *to;
	uint8_t *bytes;
	unsigned int length;
};

/* Masks of both directions; a bit each frame. */
struct line {
	uint16_t lose, twice, late, mark, flip;
	uint8_t at, with; /* flipped: which byte, and its bits */
	spt_time delay, more;
	struct flight flight[FLIGHTS_MOST];
	unsigned int n;
	bool bursts; /* else each frame has a turn of its own, and the monitor sees its answer */
};

static struct end ends[2];
static struct line line;

/* ---- the line -------------------------------------------------------------------------- */

static bool
next_bit(uint16_t *mask)
{
	bool set = *mask & 1;

	*mask = (uint16_t)(*mask >> 1 | *mask << 15);
	return set;
}

static void
line_put(struct end *to, const uint8_t *frame, unsigned int length, spt_time due)
{
	unsigned int i = line.n;
	uint8_t *bytes;

	if (i == FLIGHTS_MOST)
		return;
	bytes = malloc(length);
	EXPECT(bytes != NULL);
	memcpy(bytes, frame, length);
	for (; i > 0 && line.flight[i - 1].due > due; i--)
		line.flight[i] = line.flight[i - 1];
	line.flight[i] = (struct flight){.due = due, .to = to, .bytes = bytes, .length = length};
	line.n++;
}

/* CE, where ECT says that it may be (RFC 3168 5); IPv4's checksum follows (RFC 1624). */
static void
line_mark(uint8_t *frame)
{
	if (frame[12] == 0x08 && frame[13] == 0x00 && (frame[15] & 3) == 2) {
		uint32_t sum = (uint32_t)(frame[24] << 8 | frame[25]);

		frame[15] |= 3;
		sum = sum > 1 ? sum - 1 : sum + 0xfffe;
		frame[24] = (uint8_t)(sum >> 8);
		frame[25] = (uint8_t)sum;
	} else if (frame[12] == 0x86 && (frame[15] & 0x30) == 0x20) {
		frame[15] |= 0x30;
	}
}

/*
 * To all, or to the group of an address: its link address is not known, and what goes there waits
 * (RFC 826, RFC 4861 7.2.2). Whoever asks for its own announces it.
 */
static bool
is_question(const uint8_t *frame, unsigned int length)
{
	struct packet p;

	switch (packet_parse(frame, length, &p)) {
	case PACKET_ARP: return (frame[0] & 1) && memcmp(frame + 28, frame + 38, 4) != 0;
	case PACKET_ICMP: return (frame[0] & 1) && p.family == 6 && frame[p.l4_off] == 135;
	case PACKET_TCP:
	case PACKET_OTHER:
	case PACKET_BAD: break;
	}
	return false;
}

static void
engine_sent(struct end *e, const uint8_t *frame, unsigned int length)
{
	static uint8_t copy[PACKET_MAX];
	struct end *to = e == &ends[0] ? &ends[1] : &ends[0];
	spt_time due = e->now + line.delay;

	if (is_question(frame, length))
		e->late = true;
	memcpy(copy, frame, length);
	if (next_bit(&line.lose))
		return;
	if (next_bit(&line.mark))
		line_mark(copy);
	/* Checksums find what one bit does to what they cover: the end only sees it lost. */
	if (next_bit(&line.flip) && 34u + line.at < length)
		copy[34 + line.at] ^= (uint8_t)(1 << (line.with & 7));
	if (next_bit(&line.twice))
		line_put(to, copy, length, due + line.more / 2);
	if (next_bit(&line.late))
		due += line.more;
	line_put(to, copy, length, due);
}

static bool
line_run(spt_time now)
{
	bool any = false;

	while (line.n > 0 && line.flight[0].due <= now) {
		struct flight f = line.flight[0];

		line.n--;
		memmove(line.flight, line.flight + 1, line.n * sizeof(line.flight[0]));
		/* Jumbo frames are longer than the pool's buffers. */
		end_push(f.to, fuzz_mbuf(f.to->frames, f.bytes, f.length,
		                   f.length > 1600 ? FUZZ_EXACT : 0, NULL));
		free(f.bytes);
		any = true;
		if (!line.bursts)
			break;
	}
	return any;
}

/* ---- the clock -------------------------------------------------------------------------- */

static bool
turn(void)
{
	bool any = line_run(ends[0].now);

	for (unsigned int i = 0; i < 2; i++)
		any |= end_poll(&ends[i]) || ends[i].port->n_rx > 0;
	return any;
}

/* Text that came at both ends, ever. */
static uint64_t
delivered(void)
{
	struct spt_stats stats[2];

	for (unsigned int i = 0; i < 2; i++)
		spt_engine_stats(ends[i].engine, &stats[i]);
	return stats[0].rx_tcp_bytes + stats[1].rx_tcp_bytes;
}

/*
 * Until both are at rest. As long as text arrives they need not be: through a window of one byte a
 * stream takes very many turns, and what two echo to one another never ends, unless they are told.
 */
static void
settle(void)
{
	uint64_t before = delivered();

	for (unsigned int turns = 0; turn(); turns++) {
		if (turns < TURNS_MOST)
			continue;
		EXPECT(delivered() != before);
		ends[0].echo = ends[1].echo = false;
		return;
	}
}

static spt_time
next_deadline(void)
{
	spt_time next = line.n > 0 ? line.flight[0].due : SPT_TIME_NEVER;

	for (unsigned int i = 0; i < 2; i++)
		next = RTE_MIN(next, spt_next_deadline(ends[i].engine));
	return next;
}

static void
run_until(spt_time until, unsigned int most)
{
	for (unsigned int i = 0; ends[0].now < until; i++) {
		spt_time next = i < most ? RTE_MIN(until, next_deadline()) : until;

		ends[0].now = ends[1].now = next;
		if (turn())
			settle();
	}
}

/* ---- instructions ------------------------------------------------------------------------- */

static struct spt_addr
address(unsigned int end, bool v6, unsigned int number)
{
	static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8};
	uint8_t host = (uint8_t)(1 + 10 * end + number);
	struct spt_addr a = addr_from_v6(net6);

	if (!v6)
		return addr_from_v4(rte_cpu_to_be_32(0x0a010000u | host));
	a.b[15] = host;
	return a;
}

static void
op_connect(unsigned int from, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	struct spt_endpoint local = {
	    .addr = address(from, how & 2, how >> 2 & 1), .port = (uint16_t)(80 + (how >> 3 & 1))};
	struct spt_endpoint remote = {
	    .addr = address(!from, how & 2, how >> 4 & 1), .port = (uint16_t)(80 + (how >> 5 & 1))};

	end_connect(&ends[from], how >> 6 & 1, how & 1 ? &local : NULL, &remote);
}

static void
op_line(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	line.delay = (spt_time)fuzz_u8(in) * (how & 1 ? SPT_NS_PER_MS : 50 * SPT_NS_PER_US);
	line.more = (spt_time)fuzz_u8(in) * (how & 2 ? SPT_NS_PER_MS : 50 * SPT_NS_PER_US);
	line.lose = how & 4 ? fuzz_u16(in) : 0;
	line.late = how & 8 ? fuzz_u16(in) : 0;
	line.twice = how & 16 ? fuzz_u16(in) : 0;
	line.mark = how & 32 ? fuzz_u16(in) : 0;
	line.flip = how & 64 ? fuzz_u16(in) : 0;
	if (how & 64) {
		line.at = fuzz_u8(in);
		line.with = fuzz_u8(in);
	}
}

/* What was not sent in its turn, for want of an mbuf or of room, comes late or never. */
static void
check(struct end *e)
{
	struct spt_stats stats;

	spt_engine_stats(e->engine, &stats);
	if (stats.tx_dropped + stats.tx_no_mbuf + stats.tx_no_neighbour > 0)
		e->late = true;
	end_check(e);
}

static void
step(struct fuzz_input *in)
{
	uint8_t op = fuzz_u8(in);
	unsigned int which = op >> 7;
	spt_time now = ends[0].now + 5 * SPT_NS_PER_US;

	ends[0].now = ends[1].now = now;
	op = (op & 127) % OP_COUNT;
	switch (op) {
	case OP_CONNECT: op_connect(which, in); break;
	case OP_LINE: op_line(in); break;
	case OP_NS: run_until(now + fuzz_u16(in), DEADLINES_MOST); break;
	case OP_MS: run_until(now + fuzz_u8(in) * SPT_NS_PER_MS, DEADLINES_MOST); break;
	case OP_SECONDS: run_until(now + fuzz_u8(in) * SPT_NS_PER_SEC, DEADLINES_MOST); break;
	case OP_DEADLINE:
		/* In all not so long that a timestamp's sign changes: the monitor does not age it.
		 */
		for (unsigned int n = 1 + (fuzz_u8(in) & 15); n > 0; n--)
			run_until(
			    RTE_MIN(next_deadline(), ends[0].now + IDLE_MOST), DEADLINES_MOST);
		break;
	default: end_act(&ends[which], (enum end_act)(op - OP_ACT), in); break;
	}
	/* What is echoed comes in another order and place than the pattern's. */
	if (ends[0].echo || ends[1].echo)
		ends[0].tainted = ends[1].tainted = true;
	settle();
	for (unsigned int i = 0; i < 2; i++)
		check(&ends[i]);
}

/* ---- beginning and end ---------------------------------------------------------------------- */

/* The other end of 'c', which is one of 'e'. */
static struct end_conn *
mate(const struct end *e, const struct end_conn *c)
{
	struct end *other = e == &ends[0] ? &ends[1] : &ends[0];

	for (unsigned int i = 0; i < END_CONNS; i++) {
		struct end_conn *m = &other->conn[i];

		if (m->used && m->open && !m->aborted && !m->closed &&
		    addr_eq(&m->local.addr, &c->remote.addr) &&
		    addr_eq(&m->remote.addr, &c->local.addr) && m->local.port == c->remote.port &&
		    m->remote.port == c->local.port && m->irs == c->iss && m->iss == c->irs)
			return m;
	}
	return NULL;
}

/* What was received of each connection. */
struct progress {
	spt_conn conn;
	uint64_t received;
};

static void
note_progress(struct progress noted[2][END_CONNS])
{
	for (unsigned int i = 0; i < 2; i++)
		for (unsigned int n = 0; n < END_CONNS; n++)
			noted[i][n] = (struct progress){ends[i].conn[n].conn,
			    ends[i].conn[n].used ? ends[i].conn[n].received : 0};
}

/* All that was sent has come, or more of it than when it was noted. */
static void
check_progress(struct progress noted[2][END_CONNS])
{
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int n = 0; n < END_CONNS; n++) {
			struct end_conn *c = &ends[i].conn[n], *m;

			if (!c->used || !c->open || c->aborted || c->closed ||
			    c->conn != noted[i][n].conn)
				continue;
			m = mate(&ends[i], c);
			if (m == NULL)
				continue;
			/* An old ACK may have completed its cookie once more. */
			if (!m->active && ends[!i].before.verdict[SPT_V_TCP_COOKIE] > 0 &&
			    c->received > m->sent)
				continue;
			EXPECT(c->received <= m->sent);
			EXPECT(c->received == m->sent || c->received > noted[i][n].received);
		}
	}
}

static void
good_line(void)
{
	line.lose = line.twice = line.late = line.mark = line.flip = 0;
	line.delay = GOOD_DELAY;
	for (unsigned int i = 0; i < 2; i++) {
		end_relent(&ends[i]);
		ends[i].echo = false; /* two that echo one another would never rest */
		ends[i].read_at_once = true;
		end_read_all(&ends[i]);
	}
	settle();
}

static void
finish(void)
{
	struct progress noted[2][END_CONNS];

	good_line();
	run_until(ends[0].now + PATIENCE, UINT32_MAX);
	note_progress(noted);
	run_until(ends[0].now + PATIENCE, UINT32_MAX);
	check_progress(noted);
	for (unsigned int i = 0; i < 2; i++) {
		check(&ends[i]);
		end_close_all(&ends[i]);
	}
	run_until(ends[0].now + PATIENCE, UINT32_MAX);
	for (unsigned int i = 0; i < 2; i++)
		end_abort_all(&ends[i]);
	settle();
	line.lose = UINT16_MAX;
	run_until(ends[0].now + END_OF_ALL, UINT32_MAX);
	for (unsigned int i = 0; i < 2; i++) {
		check(&ends[i]);
		end_check_empty(&ends[i]);
		end_destroy(&ends[i]);
	}
}

/* Each is told the link addresses of the other, so that in the beginning nothing waits for them. */
static void
introduce(void)
{
	static uint8_t flat[PACKET_MAX];

	for (unsigned int i = 0; i < 8; i++) {
		unsigned int from = i & 1, number = i >> 2;
		bool v6 = i & 2;
		struct spt_addr theirs = address(from, v6, number), ours = address(!from, v6, 0);
		unsigned int length = packet_ask_resolution(&ends[from].mac, &theirs, &ours, flat);

		end_push(&ends[!from], fuzz_mbuf(ends[!from].frames, flat, length, 0, NULL));
	}
	settle();
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
	static const uint32_t pinned[] = {0, 64, 8, 0};
	static const spt_time times[] = {ENV_EPOCH, (UINT64_C(1) << 32) * 1000 - 5000000000,
	    (UINT64_C(1) << 48) - 5000000000, (UINT64_C(1) << 31) * 1000 - 5000000000};
	struct fuzz_input in = {.at = data, .left = size};
	uint8_t begin = fuzz_u8(&in);

	memset(&line, 0, sizeof(line));
	line.bursts = begin & 4;
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t how = fuzz_u8(&in);
		struct end_config config = {.connections = 1 + (how & 3),
		    .half_open = 2,
		    .timewait = 2,
		    .pinned = pinned[how >> 2 & 3],
		    .mtu = mtus[how >> 4 & 3],
		    .multi_segment = how & 64,
		    .mac = {{2, 0, 0, 0, 0, (uint8_t)(2 + i)}},
		    .local4 = address(i, false, 0),
		    .local6 = address(i, true, 0),
		    .gateway4 = address(25, false, 3),
		    .gateway6 = address(25, true, 3),
		    .secret = (uint8_t)(1 + i)};

		end_create(&ends[i], &config, times[begin & 3]);
		ends[i].probed = true;
		ends[i].late = line.bursts;
		ends[i].sent = engine_sent;
		ends[i].read_at_once = how & 128;
	}
	if (!(begin & 8))
		introduce();
	while (in.left > 0)
		step(&in);
	finish();
	return 0;
}
