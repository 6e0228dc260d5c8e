# libremap: privileged ports for those who are not root. GNU make; 'make help' lists the targets.

VERSION := 0.1.0

# What you may set, on the command line or in the environment.
CC       ?= cc
CFLAGS   ?= -O2 -g
CPPFLAGS ?=
LDFLAGS  ?=
DESTDIR  ?=
PREFIX   ?= /usr/local
bindir   ?= $(PREFIX)/bin
sbindir  ?= $(PREFIX)/sbin
libdir   ?= $(PREFIX)/lib
mandir   ?= $(PREFIX)/share/man
# V=1 shows the commands.
V        ?=
# The folder to build in; the sanitized build has one of its own.
O        ?= build

Q        := $(if $(V),,@)
# MAKEFLAGS begins with the letters of its short options: s is --silent.
say       = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '  $(1)  $@')

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wvla
ALL_CPPFLAGS = -iquote src -iquote tests/unit -D_GNU_SOURCE -DREMAP_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS   = -std=gnu11 -fPIC -fvisibility=hidden $(WARNINGS) $(CFLAGS)

# Fewer segments to map make a library that loads faster. libdl is part of libc
# since glibc 2.34, where --as-needed leaves it out.
# -nostartfiles leaves out what there are no destructors for.
LIBRARY_LDFLAGS = -shared -nostartfiles -Wl,-soname,libremap.so -Wl,--version-script=$(O)/exports.map \
	-Wl,-z,relro,-z,now,-z,defs,-z,noseparate-code -Wl,--hash-style=gnu -Wl,--as-needed
LIBRARY_LIBS    = -ldl

CORE      := $(wildcard src/core/*.c)
LINUX     := $(wildcard src/linux/*.c)
REGISTRY  := $(wildcard src/registry/*.c)
TRANSLATE := $(wildcard src/translate/*.c)
NOTIFY    := $(wildcard src/notify/*.c)
PRELOAD   := $(wildcard src/preload/*.c)
PROGRAM   := $(wildcard src/program/*.c)
EXPORT    := $(wildcard src/export/*.c)
CLI       := $(wildcard src/cli/*.c)
UNIT      := $(wildcard tests/unit/*.c)
MANUALS   := remap.1 remap.conf.5 libremap.7 remap-redirect.8

objects = $(patsubst %.c,$(O)/obj/%.o,$(1))

LIBRARY_OBJECTS := $(call objects,$(CORE) $(LINUX) $(REGISTRY) $(PROGRAM) $(TRANSLATE) $(PRELOAD))
REMAP_OBJECTS   := $(call objects,$(CORE) $(LINUX) $(REGISTRY) $(PROGRAM) $(TRANSLATE) $(NOTIFY) $(EXPORT) $(CLI))
UNIT_PROGRAMS   := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT))
TOOLS           := $(addprefix $(O)/tools/,sandbox probe probe-static stops hold mortal forbid spawn told told-static told-musl told-go births badclose.so early.so chain.so onlooker.so mute.so)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all objects bench unit replay tools sanitized threads threaded check servers demo install uninstall clean format lint check-layers sanitize fuzz help FORCE

##@ Building

all: $(O)/libremap.so $(O)/remap $(O)/remap-redirect $(MANUALS:%=$(O)/%) ## build the library, the commands and the manuals (the default)

# All that is compiled, and not linked: for machines of which there is a compiler alone.
objects: $(sort $(LIBRARY_OBJECTS) $(REMAP_OBJECTS))

$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/exports.map: src/preload/exports.map.in src/preload/calls.def src/translate/calls.def
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -iquote src -o $@ $<

$(O)/libremap.so: $(LIBRARY_OBJECTS) $(O)/exports.map
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LIBRARY_LDFLAGS) $(LDFLAGS) -o $@ $(LIBRARY_OBJECTS) $(LIBRARY_LIBS)

$(O)/remap: $(REMAP_OBJECTS)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -ljansson -lmnl -lseccomp -pthread $(LIBRARY_LIBS)

$(O)/remap-redirect: scripts/remap-redirect
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@

# The one object that knows where the other parts are installed: built again when that changes.
$(O)/obj/src/cli/install_paths.o: ALL_CPPFLAGS += -DREMAP_LIBDIR='"$(libdir)"' -DREMAP_SBINDIR='"$(sbindir)"'
$(O)/obj/src/cli/install_paths.o: $(O)/folders
$(O)/folders: FORCE
	@mkdir -p $(@D)
	@echo '$(libdir) $(sbindir)' | cmp -s - $@ || echo '$(libdir) $(sbindir)' > $@

$(O)/%: docs/%.in tests/data/rules.tsv scripts/manual-examples
	@mkdir -p $(@D)
	$(call say,man)
	$(Q)scripts/manual-examples tests/data/rules.tsv < $< > $@
$(O)/%: docs/%
	@mkdir -p $(@D)
	$(call say,man)
	$(Q)cp $< $@

install: all ## install to PREFIX (/usr/local), below DESTDIR if that is set
	install -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(sbindir)' '$(DESTDIR)$(libdir)' $(foreach s,1 5 7 8,'$(DESTDIR)$(mandir)/man$s')
	install -m 755 $(O)/remap '$(DESTDIR)$(bindir)/remap'
	install -m 755 $(O)/libremap.so '$(DESTDIR)$(libdir)/libremap.so'
	install -m 755 $(O)/remap-redirect '$(DESTDIR)$(sbindir)/remap-redirect'
	$(foreach m,$(MANUALS),install -m 644 $(O)/$m '$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $m))/$m' &&) true
	$(refresh_loader)
	@if [ -z '$(DESTDIR)' ] && ! $(LDCONFIG) -p 2>/dev/null | grep -q 'libremap\.so'; then \
		echo 'the loader does not look into $(libdir): write LD_PRELOAD=$(libdir)/libremap.so'; fi

uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(bindir)/remap' '$(DESTDIR)$(libdir)/libremap.so' '$(DESTDIR)$(sbindir)/remap-redirect'
	rm -f $(foreach m,$(MANUALS),'$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $m))/$m')
	$(refresh_loader)

# The loader finds a bare LD_PRELOAD=libremap.so by its cache, which only root can renew;
# a staged installation is for whoever unpacks it.
LDCONFIG       := PATH=$$PATH:/sbin:/usr/sbin ldconfig
refresh_loader  = @if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then $(LDCONFIG); fi

clean: ## remove what was built
	@[ ! -d $(O)/servers ] || tests/servers/root $(O) --remove
	rm -rf $(O)

##@ Trying

demo: all $(O)/tools/sandbox ## run a real server on port 80 as an ordinary user
	@scripts/demo $(O)

##@ Testing

tools: $(TOOLS)
$(O)/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $(filter %.c,$^) -pthread $(TOOL_LIBS)
$(O)/tools/sandbox: TOOL_LIBS = -lcap
$(O)/tools/probe: tests/tools/talk.c
# What only the notify engine catches. probe has a malloc of its own, beside that of libc.
static = $(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -static $(LDFLAGS) -o $@ $(filter %.c,$^) -pthread
$(O)/tools/probe-static: tests/tools/probe.c tests/tools/talk.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(static) -Wl,--allow-multiple-definition
$(O)/tools/stops $(O)/tools/births: $(O)/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(static)
# The ways that a program can be built in so that a preload passes it by.
$(O)/tools/told-static: TOOL_LIBS = -static
$(O)/tools/told-musl: TOOL_LIBS = -Wl,--dynamic-linker=ld-musl-told.so
$(O)/tools/told-go: TOOL_LIBS = -DTOLD_GO
$(O)/tools/told-%: tests/tools/told.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(filter-out -fPIC,$(ALL_CFLAGS)) -MMD -MP $(LDFLAGS) -o $@ $< $(TOOL_LIBS)
$(O)/tools/%.so: tests/tools/%.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fvisibility=default -MMD -MP -shared $(LDFLAGS) -o $@ $<

$(O)/unit/%: $(O)/obj/tests/unit/%.o $(call objects,$(CORE) $(REGISTRY) $(EXPORT) src/translate/port_pool.c)
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(UNIT_LIBS)
$(O)/unit/elf $(O)/unit/program: $(call objects,$(LINUX) $(PROGRAM) src/cli/describe.c)
$(O)/unit/support: $(call objects,$(addprefix src/notify/,support.c fd.c))
$(O)/unit/filter: $(call objects,$(LINUX) $(TRANSLATE) $(NOTIFY))
$(O)/unit/filter: UNIT_LIBS = -lseccomp -pthread
unit: $(UNIT_PROGRAMS)

replay: $(O)/fuzz/replay
$(O)/fuzz/replay: $(call objects,tests/fuzz/rules.c tests/fuzz/replay.c $(CORE))
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

check: all unit tools sanitized threaded ## run all tests, as root or as an ordinary user
	@tests/run $(O)

servers: all $(O)/tools/sandbox ## run all servers of tests/servers with real clients, and write docs/servers.md
	@tests/run $(O) servers

sanitized:
	$(Q)$(MAKE) --no-print-directory O=$(O)/sanitize CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' unit replay
sanitize: sanitized ## build the unit tests with AddressSanitizer and UBSan, and run them
	set -e; for program in $(UNIT:tests/unit/%.c=$(O)/sanitize/unit/%); do $$program; done

# The library's objects lie in the program itself: a preload would come before the
# sanitizer's runtime.
threads: $(O)/tools/threads
$(O)/tools/threads: $(call objects,tests/tools/threads.c) $(LIBRARY_OBJECTS)
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -pthread $(LIBRARY_LIBS)
threaded:
	$(Q)$(MAKE) --no-print-directory O=$(O)/thread CFLAGS='-O1 -g -fsanitize=thread' threads

fuzz: $(O)/fuzz/rules ## fuzz the parser for a minute (clang; FUZZ_SECONDS=60)
	$(O)/fuzz/rules -max_total_time=$(or $(FUZZ_SECONDS),60) -print_final_stats=1 $(O)/fuzz/corpus
$(O)/fuzz/rules: tests/fuzz/rules.c $(CORE) tests/data/rules.tsv
	@mkdir -p $(O)/fuzz/corpus
	tests/fuzz/make-corpus tests/data/rules.tsv $(O)/fuzz/corpus
	clang $(ALL_CPPFLAGS) -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ tests/fuzz/rules.c $(CORE)

bench: all $(O)/tools/sandbox $(O)/bench/calls $(O)/bench/calls-static $(O)/bench/empty.so $(O)/bench/registry ## measure what both engines cost, against native (TURNS=15)
	@tests/bench/run $(O)
$(O)/bench/calls: tests/bench/calls.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $<

$(O)/bench/calls-static: tests/bench/calls.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(static)
$(O)/bench/registry: $(call objects,tests/bench/registry.c $(CORE) $(LINUX) $(REGISTRY))
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^
$(O)/bench/empty.so: tests/bench/empty.c
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fvisibility=default -shared $(LDFLAGS) -o $@ $<

##@ Keeping order

SOURCES := $(wildcard src/*/*.[ch] tests/*/*.[ch] tests/e2e/daemons/*/*.[ch])
SCRIPTS := .ci/run tests/lib.sh $(wildcard tests/e2e/daemons/*.sh tests/servers/*.sh tests/servers/*/recipe) \
	$(shell grep -lE "^.!/bin/sh" scripts/* tests/* tests/*/* tests/servers/*/* 2>/dev/null)

format: ## lay the C sources out anew
	clang-format -i $(SOURCES)

# ctuuninitvar takes every output parameter for an input.
lint: ## clang-format, clang-tidy, cppcheck and shellcheck, without a complaint
	clang-format --dry-run -Werror $(SOURCES)
	clang-tidy --quiet --warnings-as-errors='*' $(filter %.c,$(SOURCES)) -- $(ALL_CPPFLAGS) -DREMAP_LIBDIR='""' -DREMAP_SBINDIR='""' -std=gnu11
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=ctuuninitvar -Isrc -D_GNU_SOURCE -DREMAP_VERSION='""' -DREMAP_LIBDIR='""' -DREMAP_SBINDIR='""' $(filter %.c,$(SOURCES))
	shellcheck $(SCRIPTS)

check-layers: $(call objects,$(CORE)) ## hold the rooms of src to their direction
	scripts/check-layers $(O)

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

-include $(shell find $(O) -path $(O)/servers -prune -o -name '*.d' -print 2>/dev/null)
