# libremap: privileged ports for those who are not root. GNU make; 'make help' lists the targets.

VERSION := 0.2.0

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
datadir  ?= $(PREFIX)/share
mandir   ?= $(datadir)/man
unitdir  ?= $(PREFIX)/lib/systemd/system
# V=1 shows the commands.
V        ?=
# The folder to build in; the sanitized build has one of its own.
O        ?= build

# One job for each CPU, unless -j says otherwise or 'clean' comes first.
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

Q        := $(if $(V),,@)
# MAKEFLAGS begins with the letters of its short options: s is --silent.
say       = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '  $(1)  $@')

# Offsets of files have 64 bits everywhere. Times are of the size that the machine has by itself: with
# _TIME_BITS, a header gives recvmsg() and others the names of other functions.
OFFSETS  := -U_FILE_OFFSET_BITS -D_FILE_OFFSET_BITS='(256/__SIZEOF_POINTER__)' -U_TIME_BITS

# The wrapper of Debian's musl-tools has no headers of the kernel, nor libraries for the command.
ifneq ($(findstring musl-gcc,$(CC)),)
IS_MUSL_GCC   := yes
MUSL_CPPFLAGS := -idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -print-multiarch)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wno-psabi
ALL_CPPFLAGS = -iquote src -iquote tests/unit -I$(O)/generated -D_GNU_SOURCE -DREMAP_VERSION='"$(VERSION)"' $(MUSL_CPPFLAGS) $(CPPFLAGS) $(OFFSETS)
# The folder of the build leaves no trace: two builds in two folders are the same.
ALL_CFLAGS   = -std=gnu11 -fPIC -fvisibility=hidden $(WARNINGS) -ffile-prefix-map="$$PWD=." $(CFLAGS)

# Fewer segments to map make a library that loads faster. libdl is part of libc
# since glibc 2.34, where --as-needed leaves it out.
# -nostartfiles leaves out what there are no destructors for.
LIBRARY_LDFLAGS = -shared -nostartfiles -Wl,-soname,libremap.so -Wl,--version-script=$(O)/exports.map \
	-Wl,-z,relro,-z,now,-z,defs,-z,noseparate-code -Wl,--hash-style=gnu -Wl,--gc-sections -Wl,--as-needed
LIBRARY_LIBS    = -ldl
# What the command needs besides libc.
REMAP_LIBS      = -ljansson -lseccomp

# The rooms of src/ that the library and the command are made of.
LIBRARY_ROOMS := core linux registry program translate preload
REMAP_ROOMS   := core linux registry program translate notify export cli
SERVICE       := remap-redirect@.service
MANUALS       := remap.1 remap.conf.5 libremap.7 remap-redirect.8
# Below datadir, each where its shell looks for it.
COMPLETIONS   := bash-completion/completions/remap.bash zsh/site-functions/_remap fish/vendor_completions.d/remap.fish

objects = $(patsubst %.c,$(O)/obj/%.o,$(1))
# The sources and the objects of rooms.
sources = $(foreach room,$(1),$(sort $(wildcard src/$(room)/*.c)))
rooms   = $(call objects,$(call sources,$(1)))

LIBRARY_OBJECTS := $(call rooms,$(LIBRARY_ROOMS))
REMAP_OBJECTS   := $(call rooms,$(REMAP_ROOMS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all objects demo install install-library uninstall clean format lint check-layers help FORCE

##@ Building

all: $(O)/libremap.so $(if $(IS_MUSL_GCC),,$(O)/remap $(O)/remap-redirect $(O)/$(SERVICE) $(MANUALS:%=$(O)/%)) ## build the library, the commands and the manuals (the default)

# All that is compiled, and not linked: for machines of which there is a compiler alone.
objects: $(sort $(LIBRARY_OBJECTS) $(REMAP_OBJECTS))

$(O)/obj/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The names of errors, as lines of a table: those that are numbers come before names for other names.
ERRNAMES := $(O)/generated/errname_table.h
$(O)/obj/src/core/errname.o: $(ERRNAMES)
$(ERRNAMES): $(O)/flags
	@mkdir -p $(@D)
	$(Q)echo '#include <errno.h>' | $(CC) $(ALL_CPPFLAGS) -dM -E -x c - | \
		grep -E '^#define E[A-Z0-9]+ [A-Z0-9]+$$' | LC_ALL=C sort -k3 | sed 's/#define \(\w*\) .*/{"\1", \1},/' > $@

# The version script has no name for its node: with a name, the symbols would get
# a version, and no program would ever call them.
$(O)/exports.map: src/preload/exports.map.in src/preload/calls.def src/translate/calls.def $(O)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -iquote src -o $@ $<

$(O)/libremap.so: $(LIBRARY_OBJECTS) $(O)/exports.map
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LIBRARY_LDFLAGS) $(LDFLAGS) -o $@ $(LIBRARY_OBJECTS) $(LIBRARY_LIBS)

$(O)/remap: $(REMAP_OBJECTS)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(REMAP_LIBS) -pthread $(LIBRARY_LIBS)

# One file to install: the script, with its other part in place of the lines that name that.
$(O)/remap-redirect: scripts/remap-redirect scripts/redirect-backends.sh
	@mkdir -p $(@D)
	$(Q)sed -e '/^\. .*redirect-backends\.sh/r scripts/redirect-backends.sh' -e '/redirect-backends\.sh/d' $< > $@
	$(Q)chmod 755 $@

# The two files that know where the other parts are installed.
$(O)/$(SERVICE): scripts/$(SERVICE).in $(O)/folders
	@mkdir -p $(@D)
	$(Q)sed 's|@sbindir@|$(sbindir)|' $< > $@
$(O)/obj/src/cli/install_paths.o: ALL_CPPFLAGS += -DREMAP_LIBDIR='"$(libdir)"' -DREMAP_SBINDIR='"$(sbindir)"'
$(O)/obj/src/cli/install_paths.o: $(O)/folders

# What was set for the last build. These files change with it, and what depends on them is built again.
last_flags   := $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS)
last_folders := $(libdir) $(sbindir)
ifneq ($(file < $(O)/flags),$(last_flags))
$(O)/flags: FORCE
endif
ifneq ($(file < $(O)/folders),$(last_folders))
$(O)/folders: FORCE
endif
$(O)/flags $(O)/folders:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(last_$(@F)))' > $@

$(O)/%: docs/%.in tests/data/rules.tsv scripts/manual-examples
	@mkdir -p $(@D)
	$(call say,man)
	$(Q)awk -v data=tests/data/rules.tsv -f scripts/manual-examples $< > $@
$(O)/%: docs/%
	@mkdir -p $(@D)
	$(call say,man)
	$(Q)cp $< $@

install: all ## install to PREFIX (/usr/local), below DESTDIR if that is set
	$(check_writable)
	install -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(sbindir)' '$(DESTDIR)$(libdir)' '$(DESTDIR)$(unitdir)' $(foreach s,1 5 7 8,'$(DESTDIR)$(mandir)/man$s')
	install -m 755 $(O)/remap '$(DESTDIR)$(bindir)/remap'
	install -m 755 $(O)/libremap.so '$(DESTDIR)$(libdir)/libremap.so'
	install -m 755 $(O)/remap-redirect '$(DESTDIR)$(sbindir)/remap-redirect'
	install -m 644 '$(O)/$(SERVICE)' '$(DESTDIR)$(unitdir)/$(SERVICE)'
	$(foreach m,$(MANUALS),install -m 644 $(O)/$m '$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $m))/$m' &&) true
	$(foreach c,$(COMPLETIONS),install -D -m 644 scripts/completions/$(notdir $c) '$(DESTDIR)$(datadir)/$c' &&) true
	$(refresh_loader)
	@if [ -z '$(DESTDIR)' ] && ! $(LDCONFIG) -p 2>/dev/null | grep -q 'libremap\.so'; then \
		echo 'the loader does not look into $(libdir): write LD_PRELOAD=$(libdir)/libremap.so'; fi

# For the library of 32-bit programs beside the other one: make install-library CC='gcc -m32' O=build32 libdir=...
install-library: $(O)/libremap.so ## install the library alone, to libdir
	install -D -m 755 $(O)/libremap.so '$(DESTDIR)$(libdir)/libremap.so'
	$(refresh_loader)

uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(bindir)/remap' '$(DESTDIR)$(libdir)/libremap.so' '$(DESTDIR)$(sbindir)/remap-redirect' '$(DESTDIR)$(unitdir)/$(SERVICE)'
	rm -f $(foreach m,$(MANUALS),'$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $m))/$m')
	rm -f $(foreach c,$(COMPLETIONS),'$(DESTDIR)$(datadir)/$c')
	$(refresh_loader)

# What exists of the path of a folder must be writable.
define check_writable
@for folder in '$(DESTDIR)$(bindir)' '$(DESTDIR)$(libdir)'; do \
	while [ ! -e "$$folder" ]; do folder=$$(dirname "$$folder"); done; \
	[ -w "$$folder" ] || { echo "cannot write to $$folder: use 'sudo make install', or 'make install PREFIX=\$$HOME/.local'" >&2; exit 1; }; \
done
endef

# The loader finds a bare LD_PRELOAD=libremap.so by its cache, which only root can renew;
# a staged installation is for whoever unpacks it.
LDCONFIG       := PATH=$$PATH:/sbin:/usr/sbin ldconfig
refresh_loader  = @if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then $(LDCONFIG); fi

clean: ## remove what was built
	rm -rf $(O)

##@ Trying

demo: all $(O)/tools/sandbox ## run a real server on port 80 as an ordinary user
	@scripts/demo $(O)

include tests/tests.mk
include scripts/package/package.mk

##@ Keeping order

# Looked for only when they are needed.
SOURCES = $(wildcard src/*/*.[ch] tests/*/*.[ch] tests/e2e/daemons/*/*.[ch])
SCRIPTS = .ci/run tests/lib.sh tests/roots.sh scripts/package/debian/tests/main scripts/completions/remap.bash $(wildcard scripts/*.sh tests/e2e/daemons/*.sh tests/servers/*.sh tests/servers/*/recipe) \
	$(shell grep -lE "^.!/bin/sh" scripts/* tests/* tests/*/* tests/servers/*/* 2>/dev/null)

format: ## lay the C sources out anew
	clang-format -i $(SOURCES)

# ctuuninitvar takes every output parameter for an input.
lint: $(ERRNAMES) ## clang-format, clang-tidy, cppcheck and shellcheck, without a complaint
	clang-format --dry-run -Werror $(SOURCES)
	clang-tidy --quiet --warnings-as-errors='*' $(filter %.c,$(SOURCES)) -- $(ALL_CPPFLAGS) -DREMAP_LIBDIR='""' -DREMAP_SBINDIR='""' -std=gnu11
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=ctuuninitvar -Isrc -I$(O)/generated -D_GNU_SOURCE -DREMAP_VERSION='""' -DREMAP_LIBDIR='""' -DREMAP_SBINDIR='""' $(filter %.c,$(SOURCES))
	shellcheck $(SCRIPTS)

check-layers: $(call rooms,core linux program) ## hold the rooms of src to their direction
	scripts/check-layers $(O)

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(filter-out %.d,$(MAKEFILE_LIST))

# The headers that each source includes, as the compiler said.
-include $(wildcard $(O)/obj/src/*/*.d $(O)/obj/tests/*/*.d $(O)/tools/*.d)
