/* SPDX-License-Identifier: BSD-3-Clause */
/* Text that never changes, attached to mbufs. */
#include <errno.h>
#include <stdio.h>

#include "serve/text.h"

static const char http_body_text[] =
    "septet: a TCP connection lives seven segments, this is payload.\n";

_Static_assert(sizeof(http_body_text) - 1 == HTTP_BODY_PERIOD, "the body repeats by its period");

uint8_t
text_chargen(uint64_t at)
{
	uint64_t line = at % CHARGEN_PERIOD / 74, column = at % 74;

	if (column >= 72)
		return column == 72 ? '\r' : '\n';
	return (uint8_t)(' ' + (line + column) % 95);
}

uint8_t
text_body(uint64_t at)
{
	return (uint8_t)http_body_text[at % HTTP_BODY_PERIOD];
}

static void
text_released(void *memory, void *opaque)
{
}

int
text_init(struct text *text, const char *name, unsigned int core, uint32_t period,
    uint8_t (*byte)(uint64_t at))
{
	char zone[RTE_MEMZONE_NAMESIZE];
	uint8_t *base;

	snprintf(zone, sizeof(zone), "septet_%s_%u", name, core);
	text->zone =
	    rte_memzone_reserve(zone, period + TEXT_CHUNK, SOCKET_ID_ANY, RTE_MEMZONE_IOVA_CONTIG);
	if (!text->zone)
		return -ENOMEM;
	text->period = period;
	base = text->zone->addr;
	for (uint32_t i = 0; i < period + TEXT_CHUNK; i++)
		base[i] = byte(i);
	text->shared.free_cb = text_released;
	text->shared.fcb_opaque = NULL;
	rte_mbuf_ext_refcnt_set(&text->shared, 1);
	return 0;
}

void
text_fini(struct text *text)
{
	if (text->zone)
		rte_memzone_free(text->zone);
	text->zone = NULL;
}

struct rte_mbuf *
text_attach(struct text *text, struct spt_engine *engine, uint64_t at, uint32_t length)
{
	struct rte_mbuf *m = spt_buffer_alloc(engine);
	uint32_t offset = (uint32_t)(at % text->period);

	if (!m)
		return NULL;
	rte_mbuf_ext_refcnt_update(&text->shared, 1);
	rte_pktmbuf_attach_extbuf(m, (uint8_t *)text->zone->addr + offset,
	    text->zone->iova + offset, (uint16_t)length, &text->shared);
	m->data_len = (uint16_t)length;
	m->pkt_len = length;
	return m;
}
