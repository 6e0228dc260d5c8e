/* The lines that tell people what became of a bind, in terms of both ports. */
#ifndef TRANSLATE_STORY_H
#define TRANSLATE_STORY_H

#include "core/endpoint.h"
#include "registry/registry.h"
#include "translate/setup.h"

/* Level info: it worked. */
void story_mapped(const struct setup *setup, const struct endpoint *asked,
                  const struct endpoint *actual);

/* Level debug: it is none of ours, whatever the kernel says to it. */
void story_passed(const struct setup *setup, const struct endpoint *asked);

/* Level debug, once: which table it is. */
void story_setup(struct setup *setup);

/* Level info: a rule refuses it. */
void story_denied(const struct setup *setup, const struct endpoint *asked);

/*
 * Level error: the kernel would not have it, for the reason `failure`, an errno;
 * and who has the port, where that can be seen. `other` is what the registry has
 * in the way, or NULL. Programs that try again and again are told once.
 */
void story_failed(struct setup *setup, const struct endpoint *asked, const struct endpoint *actual,
                  int failure, const struct registry_entry *other);

/* Level error: a bind that was passed on found its port taken by `other`, which was moved there. */
void story_taken(struct setup *setup, const struct endpoint *asked,
                 const struct registry_entry *other);

/* Level error: getsockname will tell the actual port. */
void story_not_remembered(const struct setup *setup, const struct endpoint *asked);

/* Level error: the folder of the registry cannot be used, for the reason `problem`. */
void story_no_state(const struct setup *setup, const char *problem);

/* Level error, once: the configuration is not valid, or (NULL) there was no memory to read it. */
void story_bad_setup(struct setup *setup);

#endif
