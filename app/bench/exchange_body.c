/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --verify of http: what the body of a target must be. Every response of a target is a stream of
 * the same bytes, so what is known of them is the longest prefix that any response has brought: a
 * response is compared with it as far as both go, and what lies behind is appended. The first that
 * ends whole says how long all of them are. Nothing is decided by which connection was first, and
 * a response under way needs no more than its position.
 *
 * As long as that prefix is the text of `septet serve` nothing is kept of it, so its bodies may
 * have any length; of another body EXCHANGE_BODY_KEPT bytes have room. Of the embedded server,
 * status and length and text are known before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "base/debug.h"
#include "bench/exchange.h"
#include "common/address.h"

struct exchange_body {
	uint8_t *kept;   /* EXCHANGE_BODY_KEPT bytes reserved, 'seen' of them used unless 'ours' */
	uint64_t seen;   /* length of the longest prefix that came so far */
	uint16_t status; /* 0: no response yet */
	bool ours;       /* the prefix is the text of `septet serve` */
	bool whole;      /* 'seen' is all of it */
	bool too_long;   /* there was no room for all of it */
};

/* Pages are touched as a body grows: most are short, and targets may be many. */
static uint8_t *
exchange_body_reserve(void)
{
	void *m = mmap(NULL, EXCHANGE_BODY_KEPT, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

int
exchange_body_init(struct exchange *x)
{
	const struct bench_options *o = x->options;
	bool embedded = link_is_memory(&o->link);

	x->bodies = calloc(o->n_target, sizeof(*x->bodies));
	if (!x->bodies)
		return -ENOMEM;
	for (unsigned int i = 0; i < o->n_target; i++) {
		struct exchange_body *b = &x->bodies[i];

		b->ours = true;
		if (embedded) {
			b->status = 200;
			b->seen = o->request_bytes;
			b->whole = true;
			continue;
		}
		b->kept = exchange_body_reserve();
		if (!b->kept)
			return -ENOMEM;
	}
	return 0;
}

void
exchange_body_fini(struct exchange *x)
{
	char target[ADDRESS_TEXT];

	for (unsigned int i = 0; x->bodies && i < x->options->n_target; i++) {
		const struct exchange_body *b = &x->bodies[i];

		if (b->too_long)
			fprintf(stderr,
			    "septet bench: --verify: the body of %s is longer than the %zu MiB "
			    "that are kept to compare with: counted as bad_response\n",
			    address_endpoint_text(&x->options->target[i], target),
			    EXCHANGE_BODY_KEPT >> 20);
		if (b->kept)
			munmap(b->kept, EXCHANGE_BODY_KEPT);
	}
	free(x->bodies);
	x->bodies = NULL;
}

bool
exchange_body_status(struct exchange *x, unsigned int target, uint16_t status)
{
	struct exchange_body *b = &x->bodies[target];

	if (b->status == 0)
		b->status = status;
	return b->status == status;
}

/* Bytes behind the prefix. */
static enum exchange_result
exchange_body_append(
    struct exchange *x, struct exchange_body *b, const uint8_t *data, uint32_t bytes)
{
	if (b->whole)
		return EXCHANGE_WRONG;
	if (b->ours && exchange_text_equal(&x->text, b->seen, data, bytes)) {
		b->seen += bytes;
		x->totals->bytes_verified += bytes;
		return EXCHANGE_GOING;
	}
	if (unlikely(b->seen + bytes > EXCHANGE_BODY_KEPT)) {
		/* What was ours for so long is no other body. */
		if (b->ours)
			return EXCHANGE_WRONG;
		b->too_long = true;
		return EXCHANGE_BAD;
	}
	if (b->ours)
		for (uint32_t i = 0; i < b->seen; i++)
			b->kept[i] = text_body(i);
	b->ours = false;
	memcpy(b->kept + b->seen, data, bytes);
	b->seen += bytes;
	return EXCHANGE_GOING;
}

enum exchange_result
exchange_body_received(
    struct exchange *x, unsigned int target, uint64_t at, const uint8_t *data, uint32_t bytes)
{
	struct exchange_body *b = &x->bodies[target];
	uint32_t known = (uint32_t)RTE_MIN((uint64_t)bytes, b->seen - at);
	bool equal;

	/* Whatever went before was compared or appended. */
	SPT_ASSERT(at <= b->seen);
	equal = b->ours ? exchange_text_equal(&x->text, at, data, known)
	                : memcmp(b->kept + at, data, known) == 0;
	if (unlikely(!equal))
		return EXCHANGE_WRONG;
	x->totals->bytes_verified += known;
	return known == bytes ? EXCHANGE_GOING
	                      : exchange_body_append(x, b, data + known, bytes - known);
}

bool
exchange_body_ended(struct exchange *x, unsigned int target, uint64_t at)
{
	struct exchange_body *b = &x->bodies[target];

	/* Another one has brought more, and is no shorter than that. */
	if (at != b->seen)
		return false;
	b->whole = true;
	return true;
}
