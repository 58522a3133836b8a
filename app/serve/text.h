/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text that never changes and is sent over and over: laid down once in memory that devices
 * can read, and attached to mbufs instead of copied.
 */
#ifndef SPT_APP_TEXT_H
#define SPT_APP_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_memzone.h>

#include <septet/septet.h>

#define TEXT_CHUNK 16384 /* most bytes of one attachment */

/* RFC 864: 95 lines of 72 characters, each with CR LF, begin one character later. */
#define CHARGEN_PERIOD (95 * 74)
/* Byte i of a body is http_body_text[i % HTTP_BODY_PERIOD]. */
#define HTTP_BODY_PERIOD 64

struct text {
	const struct rte_memzone *zone;
	uint32_t period;
	/*
	 * Its count of references may wrap, 16 bits being few: when it passes zero a callback
	 * runs that does nothing, since the text outlives every mbuf.
	 */
	struct rte_mbuf_ext_shared_info shared;
};

/* Byte 'at' of the two texts, for any 'at'. */
uint8_t text_chargen(uint64_t at);
uint8_t text_body(uint64_t at);

/* 'byte' gives the text of which 'period' bytes repeat. 0 or -ENOMEM. */
int text_init(struct text *text, const char *name, unsigned int core, uint32_t period,
    uint8_t (*byte)(uint64_t at));
void text_fini(struct text *text);

/* An mbuf with 'length' <= TEXT_CHUNK bytes from position 'at' on, or NULL. */
struct rte_mbuf *text_attach(
    struct text *text, struct spt_engine *engine, uint64_t at, uint32_t length);

#endif
