/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The head of an HTTP request (RFC 9112), a byte at a time, wherever the segments split
 * it. State is bounded: a few flags, two numbers, one short word.
 */
#ifndef SPT_APP_HTTP_PARSE_H
#define SPT_APP_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192 /* bytes of request line and fields together */
#define HTTP_WORD_MAX 24   /* longer words are none of those that matter */

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_OTHER,   /* a method of RFC 9110 or 5789 that we do not allow: 405 */
	HTTP_UNKNOWN, /* 501 */
};

struct http_parser {
	/* the answer, when 'done' */
	bool done;               /* a head is complete, or 'status' says what was wrong with it */
	bool keep_alive;         /* the connection persists after the response */
	uint8_t minor;           /* HTTP/1.minor */
	uint8_t method;          /* enum http_method */
	uint16_t status;         /* 200, or the error that must be answered */
	uint64_t content_length; /* bytes of body that follow the head */
	/* inside */
	uint8_t state;
	uint8_t field;  /* enum http_field: whose value is being read */
	uint8_t length; /* of 'word'; HTTP_WORD_MAX + 1: too long to matter */
	bool host, has_length, chunked, coded, close, keep;
	uint16_t bytes; /* of this head so far */
	char word[HTTP_WORD_MAX];
};

/* Begin with a new request. */
void http_parser_reset(struct http_parser *p);

/*
 * Take up to 'n' bytes; stops behind the head's last byte, or where it is wrong. Returns
 * the bytes taken. An error (done, status not 200) ends the connection after its answer,
 * except 405 and 501 for a method: those heads were complete.
 */
size_t http_parse(struct http_parser *p, const uint8_t *data, size_t n);

/* No byte of a request has been taken yet. */
static inline bool
http_parser_idle(const struct http_parser *p)
{
	return p->bytes == 0;
}

#endif
