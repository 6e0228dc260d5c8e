import { Component } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';

@Component({ selector: 'app-root', template: '<p>hello from angular</p>' })
class Page {}

bootstrapApplication(Page);
