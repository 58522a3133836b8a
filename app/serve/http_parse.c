/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The head of an HTTP request. A state a function; each takes one byte and says what the
 * next state is. The grammar is RFC 9112 sections 2 to 6 and RFC 9110 section 5; line ends may
 * be a bare LF (RFC 9112 2.2), a bare CR is an error.
 */
#include <string.h>
#include <strings.h>

#include <rte_common.h>

#include "serve/http_parse.h"

enum http_state {
	S_START, /* before the request line: empty lines are skipped (RFC 9112 2.2) */
	S_METHOD,
	S_TARGET_FIRST,
	S_TARGET,
	S_VERSION,
	S_LINE_END,    /* after a CR */
	S_FIELD_FIRST, /* a field's name, or the end of the head */
	S_NAME,
	S_VALUE,
	S_HEAD_END, /* after the CR of the empty line */
	S_COUNT,
};

enum http_field {
	F_OTHER,
	F_HOST,
	F_CONNECTION,
	F_CONTENT_LENGTH,
	F_TRANSFER_ENCODING,
};

static const char *const http_field_names[] = {
    [F_OTHER] = "",
    [F_HOST] = "host",
    [F_CONNECTION] = "connection",
    [F_CONTENT_LENGTH] = "content-length",
    [F_TRANSFER_ENCODING] = "transfer-encoding",
};

/* RFC 9110 5.6.2: token characters. */
static bool
http_is_token(uint8_t c)
{
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return true;
	return (c >= '0' && c <= '9') || (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

static uint8_t
http_error(struct http_parser *p, uint16_t status)
{
	p->status = status;
	p->done = true;
	p->keep_alive = false;
	return S_START;
}

static void
http_word_add(struct http_parser *p, uint8_t c)
{
	if (p->length < HTTP_WORD_MAX)
		p->word[p->length++] = (char)c;
	else
		p->length = HTTP_WORD_MAX + 1;
}

static bool
http_word_is(const struct http_parser *p, const char *word)
{
	return p->length == strlen(word) && strncasecmp(p->word, word, p->length) == 0;
}

/* Methods are case-sensitive (RFC 9110 9.1). */
static enum http_method
http_method(const struct http_parser *p)
{
	static const char *const others[] = {
	    "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

	if (p->length == 3 && memcmp(p->word, "GET", 3) == 0)
		return HTTP_GET;
	if (p->length == 4 && memcmp(p->word, "HEAD", 4) == 0)
		return HTTP_HEAD;
	for (size_t i = 0; i < RTE_DIM(others); i++)
		if (p->length == strlen(others[i]) && memcmp(p->word, others[i], p->length) == 0)
			return HTTP_OTHER;
	return HTTP_UNKNOWN;
}

static uint8_t
http_start(struct http_parser *p, uint8_t c)
{
	if (c == '\r' || c == '\n') {
		p->bytes = 0;
		return S_START;
	}
	if (!http_is_token(c))
		return http_error(p, 400);
	p->length = 0;
	http_word_add(p, c);
	return S_METHOD;
}

static uint8_t
http_method_byte(struct http_parser *p, uint8_t c)
{
	if (http_is_token(c)) {
		http_word_add(p, c);
		return S_METHOD;
	}
	if (c != ' ')
		return http_error(p, 400);
	p->method = (uint8_t)http_method(p);
	return S_TARGET_FIRST;
}

/* The target itself does not matter: every one is answered alike. */
static uint8_t
http_target(struct http_parser *p, uint8_t c)
{
	if (c == ' ' && p->state == S_TARGET) {
		p->length = 0;
		return S_VERSION;
	}
	return c > ' ' && c != 0x7f ? S_TARGET : http_error(p, 400);
}

static uint8_t
http_version_end(struct http_parser *p)
{
	const char *w = p->word;

	if (p->length != 8 || memcmp(w, "HTTP/", 5) != 0 || w[6] != '.' || w[5] < '0' ||
	    w[5] > '9' || w[7] < '0' || w[7] > '9')
		return http_error(p, 400);
	if (w[5] != '1')
		return http_error(p, 505);
	p->minor = (uint8_t)(w[7] - '0');
	return S_FIELD_FIRST;
}

static uint8_t
http_version(struct http_parser *p, uint8_t c)
{
	uint8_t next;

	if (c != '\r' && c != '\n') {
		http_word_add(p, c);
		return S_VERSION;
	}
	next = http_version_end(p);
	return c == '\r' && !p->done ? S_LINE_END : next;
}

static uint8_t
http_line_end(struct http_parser *p, uint8_t c)
{
	return c == '\n' ? S_FIELD_FIRST : http_error(p, 400);
}

/* What the complete head asks for. */
static uint8_t
http_head_end(struct http_parser *p, uint8_t c)
{
	if (c != '\n')
		return http_error(p, 400);
	/* RFC 9112 3.2: one Host field, which HTTP/1.1 requires. */
	if (!p->host && p->minor >= 1)
		return http_error(p, 400);
	/* RFC 9112 6.1 and 6.3: a body whose end we could not tell, or two tell differently. */
	if (p->coded && (p->has_length || p->minor == 0))
		return http_error(p, 400);
	if (p->coded)
		return http_error(p, p->chunked ? 411 : 501);
	p->keep_alive = !p->close && (p->minor >= 1 || p->keep);
	p->status = p->method == HTTP_OTHER ? 405 : p->method == HTTP_UNKNOWN ? 501 : 200;
	p->done = true;
	return S_START;
}

static uint8_t
http_field_first(struct http_parser *p, uint8_t c)
{
	if (c == '\n')
		return http_head_end(p, c);
	if (c == '\r')
		return S_HEAD_END;
	/* A blank here would be a folded line: RFC 9112 5.2 says 400. */
	if (!http_is_token(c))
		return http_error(p, 400);
	p->length = 0;
	http_word_add(p, c);
	return S_NAME;
}

static uint8_t
http_name(struct http_parser *p, uint8_t c)
{
	if (http_is_token(c)) {
		http_word_add(p, c);
		return S_NAME;
	}
	/* A blank before the colon is an attack (RFC 9112 5.1). */
	if (c != ':')
		return http_error(p, 400);
	p->field = F_OTHER;
	for (uint8_t f = F_HOST; f < RTE_DIM(http_field_names); f++)
		if (http_word_is(p, http_field_names[f]))
			p->field = f;
	if (p->field == F_HOST && p->host)
		return http_error(p, 400);
	if (p->field == F_HOST)
		p->host = true;
	p->length = 0;
	return S_VALUE;
}

/* Digits only, and if it comes again, the same number (RFC 9110 8.6). */
static bool
http_content_length(struct http_parser *p)
{
	uint64_t value = 0;

	/* 18 digits fit into 64 bits. */
	if (p->length < 1 || p->length > 18)
		return false;
	for (uint8_t i = 0; i < p->length; i++) {
		if (p->word[i] < '0' || p->word[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(p->word[i] - '0');
	}
	if (p->has_length && value != p->content_length)
		return false;
	p->has_length = true;
	p->content_length = value;
	return true;
}

/* One element of a comma-separated value is complete. False: it is an error. */
static bool
http_element(struct http_parser *p)
{
	bool fine = true;

	switch (p->field) {
	case F_CONNECTION:
		p->close = p->close || http_word_is(p, "close");
		p->keep = p->keep || http_word_is(p, "keep-alive");
		break;
	case F_CONTENT_LENGTH: fine = http_content_length(p); break;
	case F_TRANSFER_ENCODING:
		p->coded = true;
		p->chunked = http_word_is(p, "chunked");
		break;
	default: break;
	}
	p->length = 0;
	return fine;
}

static uint8_t
http_value(struct http_parser *p, uint8_t c)
{
	bool line_end = c == '\r' || c == '\n';

	if ((c < ' ' && c != '\t' && !line_end) || c == 0x7f)
		return http_error(p, 400);
	if (p->field == F_OTHER || p->field == F_HOST)
		return !line_end ? S_VALUE : c == '\r' ? S_LINE_END : S_FIELD_FIRST;
	if (c == ',' || line_end) {
		/* Trailing blanks do not belong to the value. */
		while (p->length > 0 && p->length <= HTTP_WORD_MAX &&
		       (p->word[p->length - 1] == ' ' || p->word[p->length - 1] == '\t'))
			p->length--;
		if (!http_element(p))
			return http_error(p, 400);
		return !line_end ? S_VALUE : c == '\r' ? S_LINE_END : S_FIELD_FIRST;
	}
	/* Nor do they make a word too long: only what follows them does. */
	if ((c != ' ' && c != '\t') || (p->length > 0 && p->length < HTTP_WORD_MAX))
		http_word_add(p, c);
	return S_VALUE;
}

static uint8_t (*const http_states[S_COUNT])(struct http_parser *p, uint8_t c) = {
    [S_START] = http_start,
    [S_METHOD] = http_method_byte,
    [S_TARGET_FIRST] = http_target,
    [S_TARGET] = http_target,
    [S_VERSION] = http_version,
    [S_LINE_END] = http_line_end,
    [S_FIELD_FIRST] = http_field_first,
    [S_NAME] = http_name,
    [S_VALUE] = http_value,
    [S_HEAD_END] = http_head_end,
};

void
http_parser_reset(struct http_parser *p)
{
	memset(p, 0, sizeof(*p));
	p->status = 200;
}

/* Bytes of 'data' that only continue what does not matter: the target, a value. */
static size_t
http_skip(const struct http_parser *p, const uint8_t *data, size_t n)
{
	size_t i = 0;

	if (p->state == S_VALUE && p->field <= F_HOST)
		while (i < n && data[i] >= ' ' && data[i] != 0x7f)
			i++;
	else if (p->state == S_TARGET)
		while (i < n && data[i] > ' ' && data[i] != 0x7f)
			i++;
	return i;
}

size_t
http_parse(struct http_parser *p, const uint8_t *data, size_t n)
{
	size_t i = 0, room, skipped;

	while (i < n && !p->done) {
		room = HTTP_HEAD_MAX - p->bytes;
		skipped = http_skip(p, data + i, RTE_MIN(n - i, room));
		p->bytes = (uint16_t)(p->bytes + skipped);
		i += skipped;
		if (p->bytes == HTTP_HEAD_MAX) {
			/* RFC 6585 5, RFC 9110 15.5.15: which of both was too long. */
			p->state = http_error(p, p->state <= S_VERSION ? 414 : 431);
			break;
		}
		if (i == n)
			break;
		p->bytes++;
		p->state = http_states[p->state](p, data[i++]);
	}
	return i;
}
