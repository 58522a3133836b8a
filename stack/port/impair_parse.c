/* SPDX-License-Identifier: BSD-3-Clause */
/* What a person types for the impairment wrapper: "loss=2%,delay=20ms,rx.rate=100Mbit". */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <septet/port.h>

/* A unit is so many decimal places above what the field counts in. */
struct impair_unit {
	const char *name;
	unsigned int places;
};

static const struct impair_unit unit_share[] = {{"%", 4}, {"ppm", 0}, {NULL, 0}};
static const struct impair_unit unit_time[] = {
    {"ns", 0}, {"us", 3}, {"ms", 6}, {"s", 9}, {NULL, 0}};
static const struct impair_unit unit_rate[] = {
    {"bit", 0}, {"kbit", 3}, {"Mbit", 6}, {"Gbit", 9}, {NULL, 0}};
static const struct impair_unit unit_bytes[] = {{"B", 0}, {"KB", 3}, {"MB", 6}, {NULL, 0}};
static const struct impair_unit unit_none[] = {{"", 0}, {NULL, 0}};

struct impair_key {
	const char *name;
	const struct impair_unit *units;
	size_t offset; /* in struct spt_impair */
	size_t size;   /* of the field */
	uint64_t min, max;
	const char *expected;
	/* What is not one number; with this the five before are not looked at. */
	bool (*parse)(char *value, struct spt_impair *cfg);
};

#define KEY(name, units, field, min, max, expected)                                                \
	{                                                                                          \
		name, units, offsetof(struct spt_impair, field),                                   \
		    sizeof(((struct spt_impair *)NULL)->field), min, max, expected, NULL           \
	}
#define KEY_PARSED(name, parse, expected)                                                          \
	{                                                                                          \
		name, NULL, 0, 0, 0, 0, expected, parse                                            \
	}

#define SHARE  "a share from 0% to 100%, not finer than 0.0001%, such as 2%"
#define FRAMES "a number of frames from 1 to 1000000"
#define TIME   "a time up to 3600s with its unit (ns, us, ms, s), such as 20ms"

/* The longest "rx.name=value" that makes sense, with room for what does not. */
#define IMPAIR_ITEM_MAX 64

/*
 * A decimal number with one of 'units' behind it, as a whole number of the smallest unit.
 * False where it is none, is too fine or too large.
 */
static bool
impair_parse_number(const char *text, const struct impair_unit *units, uint64_t *value)
{
	const char *digits = text, *end, *p;
	const struct impair_unit *u;
	unsigned int places;
	uint64_t v = 0;
	bool point = false;

	end = text + strspn(text, "0123456789.");
	for (u = units; u->name != NULL && strcasecmp(end, u->name) != 0; u++)
		;
	if (u->name == NULL || !isdigit((unsigned char)*digits))
		return false;
	places = u->places;
	for (p = digits; p < end; p++) {
		if (*p == '.') {
			if (point || !isdigit((unsigned char)p[1]))
				return false;
			point = true;
			continue;
		}
		if (point && places == 0) {
			if (*p != '0')
				return false;
			continue;
		}
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
		if (point)
			places--;
	}
	for (; places > 0; places--) {
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	}
	*value = v;
	return true;
}

/* "1%:4". The wrapper has the last word about what can be. */
static bool
impair_parse_burst(char *value, struct spt_impair *cfg)
{
	char *length = strchr(value, ':');
	uint64_t share, frames;
	bool good;

	if (length == NULL)
		return false;
	*length = '\0';
	good = impair_parse_number(value, unit_share, &share) && share < 1000000 &&
	       impair_parse_number(length + 1, unit_none, &frames) && frames >= 1 &&
	       frames <= 1000000 && share <= frames * (1000000 - share);
	*length = ':';
	if (!good)
		return false;
	cfg->burst_ppm = (uint32_t)share;
	cfg->burst_frames = (uint32_t)frames;
	return true;
}

/* "100" or "150KB". */
static bool
impair_parse_buffer(char *value, struct spt_impair *cfg)
{
	uint64_t frames = 0, bytes = 0;

	if (impair_parse_number(value, unit_none, &frames)) {
		if (frames < 1 || frames > 1000000)
			return false;
	} else if (!impair_parse_number(value, unit_bytes, &bytes) || bytes < 1 ||
	           bytes > 1000000000) {
		return false;
	}
	cfg->buffer_frames = (uint32_t)frames;
	cfg->buffer_bytes = bytes;
	return true;
}

static const struct impair_key impair_keys[] = {
    KEY("loss", unit_share, loss_ppm, 0, 1000000, SHARE),
    KEY_PARSED("burst-loss", impair_parse_burst,
        "a share and the mean length of a burst in frames, from 1 to 1000000, such as 1%:4; and "
        "bursts so long that frames between them get through"),
    KEY("duplicate", unit_share, duplicate_ppm, 0, 1000000, SHARE),
    KEY("corrupt", unit_share, corrupt_ppm, 0, 1000000, SHARE),
    KEY("reorder", unit_share, reorder_ppm, 0, 1000000, SHARE),
    KEY("reorder-delay", unit_time, reorder_ns, 1, 3600 * SPT_NS_PER_SEC, TIME ", not 0"),
    KEY("delay", unit_time, delay_ns, 0, 3600 * SPT_NS_PER_SEC, TIME),
    KEY("jitter", unit_time, jitter_ns, 0, 3600 * SPT_NS_PER_SEC, TIME),
    KEY("rate", unit_rate, rate_bps, 1, UINT64_C(1000000000000),
        "a rate from 1bit to 1000Gbit a second with its unit (bit, kbit, Mbit, Gbit), such as "
        "100Mbit"),
    KEY_PARSED("buffer", impair_parse_buffer,
        "a number of frames from 1 to 1000000, or of bytes with their unit (B, KB, MB) up to "
        "1000MB, such as 150KB"),
    KEY("queue", unit_none, queue_limit, 1, 1000000, FRAMES),
    KEY("ecn", unit_none, ecn_threshold, 1, 1000000, FRAMES),
    KEY("ce", unit_share, ce_ppm, 0, 1000000, SHARE),
};

#define IMPAIR_KEY_NAMES                                                                           \
	"loss, burst-loss, duplicate, corrupt, reorder, reorder-delay, delay, jitter, rate, "      \
	"buffer, queue, ecn, ce (each also after rx. or tx.) and seed"

static const struct impair_key *
impair_key_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(impair_keys) / sizeof(impair_keys[0]); i++) {
		if (strcmp(impair_keys[i].name, name) == 0)
			return &impair_keys[i];
	}
	return NULL;
}

static bool
impair_apply(struct spt_impair *cfg, const struct impair_key *key, char *value)
{
	char *field = (char *)cfg + key->offset;
	uint32_t narrow;
	uint64_t v;

	if (key->parse != NULL)
		return key->parse(value, cfg);
	if (!impair_parse_number(value, key->units, &v) || v < key->min || v > key->max)
		return false;
	narrow = (uint32_t)v;
	if (key->size == sizeof(narrow))
		memcpy(field, &narrow, sizeof(narrow));
	else
		memcpy(field, &v, sizeof(v));
	return true;
}

static int __attribute__((format(printf, 3, 4)))
impair_fail(char *error, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return -EINVAL;
}

/* One "name=value"; 'item' is the caller's scratch copy. */
static int
impair_parse_item(char *item, struct spt_impair_config *config, char *error, size_t size)
{
	const struct impair_key *key;
	char *name = item, *value = strchr(item, '=');
	bool rx = true, tx = true;

	if (value == NULL)
		return impair_fail(
		    error, size, "\"%s\": expected name=value, such as loss=2%%", item);
	*value++ = '\0';
	if (strcmp(name, "seed") == 0) {
		if (!impair_parse_number(value, unit_none, &config->seed))
			return impair_fail(
			    error, size, "seed=%s: expected a number below 2^64", value);
		return 0;
	}
	if (strncmp(name, "rx.", 3) == 0 || strncmp(name, "tx.", 3) == 0) {
		rx = name[0] == 'r';
		tx = !rx;
		name += 3;
	}
	key = impair_key_find(name);
	if (key == NULL)
		return impair_fail(
		    error, size, "\"%s\" is no impairment; there are %s", item, IMPAIR_KEY_NAMES);
	if ((rx && !impair_apply(&config->rx, key, value)) ||
	    (tx && !impair_apply(&config->tx, key, value)))
		return impair_fail(error, size, "%s=%s: expected %s", item, value, key->expected);
	return 0;
}

int
spt_impair_parse(const char *text, struct spt_impair_config *config, char *error, size_t error_size)
{
	struct spt_impair_config parsed = *config;
	char item[IMPAIR_ITEM_MAX];
	size_t length;
	int rc;

	for (;;) {
		text += strspn(text, " ");
		length = strcspn(text, ",");
		if (length == 0)
			return impair_fail(error, error_size,
			    "an impairment is missing: expected name=value,..., such as "
			    "loss=2%%,delay=20ms");
		if (length >= sizeof(item))
			return impair_fail(error, error_size,
			    "\"%.20s...\" is too long: expected name=value,..., such as "
			    "loss=2%%,delay=20ms",
			    text);
		memcpy(item, text, length);
		item[length] = '\0';
		rc = impair_parse_item(item, &parsed, error, error_size);
		if (rc != 0)
			return rc;
		if (text[length] == '\0')
			break;
		text += length + 1;
	}
	*config = parsed;
	return 0;
}
