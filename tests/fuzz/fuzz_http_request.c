/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to the http service: any bytes, in pieces that the first bytes of the input cut, each in
 * an allocation of its own. However they are cut, the answer is the same.
 */
#include <string.h>

#include <serve/http_parse.h>

#include "fuzz.h"

#define CUTS 4

static bool
known_status(uint16_t status)
{
	static const uint16_t all[] = {200, 400, 405, 411, 414, 431, 501, 505};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] == status)
			return true;
	}
	return false;
}

/* One piece, as the only thing in its memory. Returns the bytes taken. */
static size_t
parse_piece(struct http_parser *p, const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	size_t taken;

	EXPECT(exact != NULL);
	memcpy(exact, data, n);
	taken = http_parse(p, exact, n);
	EXPECT(taken <= n && (p->done || taken == n));
	EXPECT(p->bytes <= HTTP_HEAD_MAX);
	free(exact);
	return taken;
}

/* Up to the end of one head. Returns the bytes taken. */
static size_t
parse(struct http_parser *p, const uint8_t *data, size_t n, const uint8_t *cuts)
{
	size_t at = 0;

	http_parser_reset(p);
	for (unsigned int i = 0; at < n && !p->done; i++) {
		size_t piece = cuts != NULL && cuts[i % CUTS] > 0 ? cuts[i % CUTS] : n - at;

		at += parse_piece(p, data + at, piece < n - at ? piece : n - at);
	}
	if (p->done) {
		EXPECT(known_status(p->status));
		EXPECT(p->status == 200 || p->status == 405 || p->status == 501 || !p->keep_alive);
		/* More is not taken before the next begins. */
		EXPECT(http_parse(p, data, n) == 0);
	}
	return at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_parser whole, cut;
	size_t n, taken;

	if (size < CUTS)
		return 0;
	for (n = CUTS; n < size; n += taken) {
		taken = parse(&whole, data + n, size - n, NULL);
		EXPECT(parse(&cut, data + n, size - n, data) == taken);
		EXPECT(cut.done == whole.done && cut.status == whole.status);
		EXPECT(cut.keep_alive == whole.keep_alive && cut.method == whole.method);
		EXPECT(cut.content_length == whole.content_length && cut.minor == whole.minor);
		if (!whole.done || taken == 0)
			break;
	}
	return 0;
}
