/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration file: looked at line by line, then read by rte_cfgfile. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rte_common.h>
#include <rte_log.h>

#include "common/config.h"
#include "common/option.h"

#define CONFIG_COMMENT '#'
#define CONFIG_ENTRIES 1024 /* of a section; a full command line is far shorter */
#define CONFIG_SIZE    (1 << 20)
#define CONFIG_BOM     "\xef\xbb\xbf" /* U+FEFF by UTF-8, as some editors begin a file */

static const char *const config_sections[] = {"serve", "bench", "bridge"};

struct config_scan {
	const char *path, *section;
	unsigned int line;
	const char *inside; /* the section that the line is in; NULL: none yet */
	bool seen[RTE_DIM(config_sections)];
	unsigned int n;
	unsigned int lines[CONFIG_ENTRIES]; /* of the entries of our section */
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3))) static int
config_refuse(const struct config_scan *s, const char *format, ...)
{
	va_list ap;
	int n;

	n = snprintf(s->error, s->error_size, "%s line %u: ", s->path, s->line);
	va_start(ap, format);
	if (n >= 0 && (size_t)n < s->error_size)
		vsnprintf(s->error + n, s->error_size - (size_t)n, format, ap);
	va_end(ap);
	return -EINVAL;
}

/* Without blanks at its ends, in place. */
static char *
config_strip(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* "[serve]" */
static int
config_section(struct config_scan *s, char *text)
{
	char *end = strchr(text, ']'), *name;
	const char *nearest;

	if (!end || end[1])
		return config_refuse(s,
		    "'%s' is no heading: expected [serve], [bench] or [bridge], alone on a line",
		    text);
	*end = '\0';
	name = config_strip(text + 1);
	for (size_t i = 0; i < RTE_DIM(config_sections); i++) {
		if (strcmp(name, config_sections[i]) != 0)
			continue;
		if (s->seen[i])
			return config_refuse(s,
			    "section [%s] is there twice: expected once, move its keys together",
			    name);
		s->seen[i] = true;
		s->inside = config_sections[i];
		return 0;
	}
	nearest = option_nearest(name, config_sections, RTE_DIM(config_sections));
	return config_refuse(s, "unknown section [%s]: expected [serve], [bench] or [bridge]%s%s%s",
	    name, nearest ? "; did you mean [" : "", nearest ? nearest : "", nearest ? "]?" : "");
}

/* "rate = 500K" */
static int
config_entry(struct config_scan *s, char *text)
{
	char *equals = strchr(text, '='), *name, *value;

	if (text[0] == ';')
		return config_refuse(s, "';' begins no comment: expected '#', write that");
	if (!equals)
		return config_refuse(
		    s, "'%s' has no value: expected KEY = VALUE, such as quiet = yes", text);
	*equals = '\0';
	name = config_strip(text);
	value = config_strip(equals + 1);
	if (!name[0])
		return config_refuse(
		    s, "there is no key before '=': expected KEY = VALUE, such as quiet = yes");
	if (strlen(name) >= CFG_NAME_LEN)
		return config_refuse(s,
		    "key '%.20s...' is too long: expected the name of an option, 'septet %s "
		    "--help' lists them",
		    name, s->section);
	if (!value[0])
		return config_refuse(s,
		    "'%s' has no value: expected %s = VALUE; leave the line away for the default",
		    name, name);
	if (strlen(value) >= CFG_VALUE_LEN)
		return config_refuse(s,
		    "the value of '%s' is too long: expected at most %d characters; give it on the "
		    "command line",
		    name, CFG_VALUE_LEN - 1);
	/* They would be part of a file's name, say, and nobody would mean that. */
	if (value[0] == '"' || value[0] == '\'')
		return config_refuse(s,
		    "the value of '%s' begins with a quote: expected it bare, such as %s = VALUE; "
		    "leave the quotes away",
		    name, name);
	/* The library would make of the two the character that begins a comment. */
	if (strchr(name, '\\') || strchr(value, '\\'))
		return config_refuse(s,
		    "'%s' has a backslash: expected none in a file; give it on the command line",
		    name);
	if (!s->inside)
		return config_refuse(s,
		    "'%s' stands before any section: expected [%s] first, add that line", name,
		    s->section);
	if (strcmp(s->inside, s->section) != 0)
		return 0;
	if (s->n == CONFIG_ENTRIES)
		return config_refuse(
		    s, "more than %d keys: expected fewer in a section", CONFIG_ENTRIES);
	s->lines[s->n++] = s->line;
	return 0;
}

static int
config_line(struct config_scan *s, char *line, size_t length)
{
	char *text = line, *comment;

	if (strlen(line) != length)
		return config_refuse(
		    s, "there is a zero byte: expected a text file, see docs/config.md");
	if (s->line == 1 && strncmp(line, CONFIG_BOM, strlen(CONFIG_BOM)) == 0)
		return config_refuse(s,
		    "the file begins with a byte order mark: expected plain text, save it as UTF-8 "
		    "without BOM");
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		line[--length] = '\0';
	if (length > CONFIG_LINE_MAX)
		return config_refuse(s,
		    "%zu characters: expected at most %d, a value of at most %d; break a comment, "
		    "give a long value on the command line",
		    length, CONFIG_LINE_MAX, CFG_VALUE_LEN - 1);
	comment = strchr(line, CONFIG_COMMENT);
	if (comment)
		*comment = '\0';
	text = config_strip(line);
	if (!text[0])
		return 0;
	return text[0] == '[' ? config_section(s, text) : config_entry(s, text);
}

/* Every line, as strict as we like; what remains the library understands as we do. */
static int
config_scan(struct config_scan *s, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	bool ours = false;
	int rc = 0;

	while (rc == 0 && (length = getline(&line, &size, f)) >= 0) {
		s->line++;
		rc = config_line(s, line, (size_t)length);
	}
	free(line);
	if (rc == 0 && ferror(f)) {
		snprintf(s->error, s->error_size, "%s: %s; expected a file that can be read",
		    s->path, strerror(errno));
		rc = -EIO;
	}
	for (size_t i = 0; i < RTE_DIM(config_sections); i++)
		ours |= s->seen[i] && strcmp(config_sections[i], s->section) == 0;
	if (rc || ours)
		return rc;
	snprintf(s->error, s->error_size,
	    "%s has no section [%s]: expected one; add that line before its keys", s->path,
	    s->section);
	return -EINVAL;
}

/* The library's words about the file, with the lines that we know. */
static int
config_read(const struct config_scan *s, struct config **config)
{
	const struct rte_cfgfile_parameters parameters = {.comment_character = CONFIG_COMMENT};
	struct rte_cfgfile_entry *entries = calloc(s->n + 1, sizeof(*entries));
	struct config *c = calloc(1, sizeof(*c) + s->n * sizeof(c->entry[0]));
	struct rte_cfgfile *file = NULL;
	int n = -1;

	/* It says what it does not like by DPDK's log; that would be a second line. */
	rte_log_set_level_pattern("lib.cfgfile", RTE_LOG_EMERG);
	if (entries && c)
		file = rte_cfgfile_load_with_params(s->path, 0, &parameters);
	if (file) {
		n = rte_cfgfile_section_num_entries(file, s->section);
		if (n == (int)s->n)
			rte_cfgfile_section_entries(file, s->section, entries, n);
		rte_cfgfile_close(file);
	}
	if (n == (int)s->n) {
		c->n = s->n;
		for (unsigned int i = 0; i < s->n; i++) {
			c->entry[i].e = entries[i];
			c->entry[i].line = s->lines[i];
		}
		*config = c;
		c = NULL;
	} else {
		snprintf(s->error, s->error_size,
		    "%s: changed while it was read; expected a file that rests, try again",
		    s->path);
	}
	free(entries);
	free(c);
	return n == (int)s->n ? 0 : -EAGAIN;
}

/* It is read twice, so it must be a file that rests somewhere; one line may be all of it. */
static int
config_open(const char *path, FILE **f, char *error, size_t error_size)
{
	struct stat st;

	if (stat(path, &st) != 0)
		st = (struct stat){.st_mode = S_IFREG};
	if (!S_ISREG(st.st_mode)) {
		snprintf(error, error_size,
		    "--config '%s' is %s: expected a regular file, write "
		    "one and give its path",
		    path, S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
		return -EINVAL;
	}
	if (st.st_size > CONFIG_SIZE) {
		snprintf(error, error_size,
		    "--config '%s' has %jd bytes: expected at most %d, give a file of options",
		    path, (intmax_t)st.st_size, CONFIG_SIZE);
		return -EINVAL;
	}
	*f = fopen(path, "re");
	if (*f)
		return 0;
	snprintf(error, error_size,
	    "--config '%s': %s; expected a file that can be read, see docs/config.md", path,
	    strerror(errno));
	return -errno;
}

int
config_load(
    const char *path, const char *section, struct config **config, char *error, size_t error_size)
{
	struct config_scan scan = {
	    .path = path, .section = section, .error = error, .error_size = error_size};
	FILE *f;
	int rc;

	rc = config_open(path, &f, error, error_size);
	if (rc)
		return rc;
	rc = config_scan(&scan, f);
	fclose(f);
	return rc ? rc : config_read(&scan, config);
}
