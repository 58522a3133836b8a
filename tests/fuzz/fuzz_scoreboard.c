/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard against its naive twin (tests/model/scoreboard_twin.h): the input says what is
 * sent, acknowledged, SACKed with whatever edges, lost, split, sent again and forgotten, with how
 * many chunks, and where in the spaces of numbers and of time it begins.
 */
#include <model/scoreboard_twin.h>

#include "fuzz.h"

static struct pool pools[2];

/* A byte, or two where it may be more; 0 behind the end. */
static uint32_t
draw(struct world *w, uint32_t n)
{
	struct fuzz_input in = {.at = w->input, .left = w->left};
	uint32_t v = n > 256 ? fuzz_u16(&in) : fuzz_u8(&in);

	w->input = in.at;
	w->left = in.left;
	return n > 0 ? v % n : 0;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* A failed assertion of the twin's is a finding. */
	EXPECT(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0);
	EXPECT(pool_init(&pools[0], 6, sizeof(struct sent_chunk), -1) == 0);
	EXPECT(pool_init(&pools[1], 512, sizeof(struct sent_chunk), -1) == 0);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t begins[] = {1000, UINT32_MAX - 300, INT32_MAX - 300, 0};
	static struct world w;
	uint8_t how = size > 0 ? data[0] : 0;
	struct pool *pool = &pools[how & 1];

	memset(&w, 0, sizeof(w));
	w.draw = draw;
	w.input = data + (size > 0);
	w.left = size - (size > 0);
	w.chunks = *pool;
	w.una = begins[how >> 1 & 3];
	w.us = begins[how >> 3 & 3];
	scoreboard_init(&w.sb);
	while (w.left > 0)
		step(&w);
	scoreboard_clear(&w.sb, &w.chunks);
	w.n = 0;
	compare(&w);
	EXPECT(pool_used(&w.chunks) == 0);
	EXPECT(pool_check(&w.chunks) == NULL);
	*pool = w.chunks;
	return 0;
}
