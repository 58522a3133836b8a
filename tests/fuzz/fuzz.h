/* SPDX-License-Identifier: BSD-3-Clause */
/* What fuzz targets share: reading the input, buffers of exact size, what must hold. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

/* libFuzzer's names. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What does not hold ends the process, which is how libFuzzer learns of it. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "ERROR: %s:%d: %s\n", __FILE__, __LINE__, #condition);     \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The bytes of an input that nobody has read yet; behind its end it is all zero. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t
fuzz_u8(struct fuzz_input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t
fuzz_u16(struct fuzz_input *in)
{
	uint16_t high = fuzz_u8(in);

	return (uint16_t)(high << 8 | fuzz_u8(in));
}

static inline uint32_t
fuzz_u32(struct fuzz_input *in)
{
	uint32_t high = fuzz_u16(in);

	return high << 16 | fuzz_u16(in);
}

/* Up to 'n' bytes in one piece; *n is how many there are. */
static inline const uint8_t *
fuzz_bytes(struct fuzz_input *in, size_t *n)
{
	const uint8_t *at = in->at;

	if (*n > in->left)
		*n = in->left;
	in->at += *n;
	in->left -= *n;
	return at;
}

/* The same bytes as a text in an allocation of its size. To be freed. */
char *fuzz_text(const uint8_t *data, size_t size);

/* How the bytes of a frame lie in memory. */
enum fuzz_shape {
	FUZZ_EXACT = 1, /* in allocations of their size, where ASan sees one byte too many */
	FUZZ_CHAIN = 2, /* cut where 'cuts' says */
};

/*
 * An mbuf, or a chain of up to four. 'cuts' are the lengths of the first three; those that do not
 * fit are left out. NULL: 'pool' is empty.
 */
struct rte_mbuf *fuzz_mbuf(struct rte_mempool *pool, const uint8_t *bytes, size_t n,
    unsigned int shape, const uint8_t cuts[3]);

#endif
