// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Turns Markdown into HTML: headings, paragraphs, emphasis, code, lists and links. Shows a command that only
// computes, and what has to be done with text that comes from elsewhere: all of it is escaped, and links lead nowhere
// but to the web, to a mail address or to a relative place.

const FENCE = /^```\s*(\S*)\s*$/;
const HEADING = /^(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/;
const BULLET = /^ {0,3}[-*+]\s+(.*)$/;
const NUMBER = /^ {0,3}\d+[.)]\s+(.*)$/;
const BLANK = /^\s*$/;

const SAFE_LINK = /^(?:https?:|mailto:|[^:]*$)/i;

// In the order in which they are tried at each place.
const INLINE = new RegExp([
  '\\\\(?<escaped>[!-/:-@[-`{-~])',
  '(?<ticks>`+)(?<code>.+?)(?<!`)\\k<ticks>(?!`)',
  '\\[(?<text>[^\\]]*)\\]\\((?<target>[^()\\s]*)\\)',
  '\\*\\*\\*(?=\\S)(?<both>.+?)(?<=\\S)\\*\\*\\*',
  '\\*\\*(?=\\S)(?<strong>.+?)(?<=\\S)\\*\\*',
  '(?<!\\w)__(?=\\S)(?<strong_>.+?)(?<=\\S)__(?!\\w)',
  '\\*(?=\\S)(?<em>.+?)(?<=\\S)\\*',
  '(?<!\\w)_(?=\\S)(?<em_>.+?)(?<=\\S)_(?!\\w)',
].join('|'), 'gs');

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escape = (text) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]);

function renderMatch({ escaped, code, text, target, both, strong, strong_, em, em_ }) {
  if (escaped !== undefined)
    return escape(escaped);
  if (code !== undefined)
    return `<code>${escape(code)}</code>`;
  if (target !== undefined && SAFE_LINK.test(target))
    return `<a href="${escape(target)}">${renderInline(text)}</a>`;
  if (target !== undefined)
    return renderInline(text);
  if (both !== undefined)
    return `<strong><em>${renderInline(both)}</em></strong>`;
  if (strong !== undefined || strong_ !== undefined)
    return `<strong>${renderInline(strong ?? strong_)}</strong>`;
  return `<em>${renderInline(em ?? em_)}</em>`;
}

function renderInline(text) {
  let html = '';
  let end = 0;

  for (const match of text.matchAll(INLINE)) {
    html += escape(text.slice(end, match.index)) + renderMatch(match.groups);
    end = match.index + match[0].length;
  }
  return html + escape(text.slice(end));
}

function takeFence(lines) {
  const language = FENCE.exec(lines.shift())[1];
  const code = [];

  while (lines.length > 0 && !/^```\s*$/.test(lines[0]))
    code.push(lines.shift() + '\n');
  lines.shift();

  const attribute = language === '' ? '' : ` class="language-${escape(language)}"`;
  return `<pre><code${attribute}>${escape(code.join(''))}</code></pre>\n`;
}

function takeHeading(lines) {
  const [, marks, text] = HEADING.exec(lines.shift());

  return `<h${marks.length}>${renderInline(text)}</h${marks.length}>\n`;
}

function takeList(lines, tag, item) {
  let html = '';

  while (lines.length > 0 && item.test(lines[0]))
    html += `<li>${renderInline(item.exec(lines.shift())[1])}</li>\n`;
  return `<${tag}>\n${html}</${tag}>\n`;
}

function takeParagraph(lines) {
  const text = [lines.shift().trim()];

  while (lines.length > 0 && ![BLANK, FENCE, HEADING, BULLET, NUMBER].some((begin) => begin.test(lines[0])))
    text.push(lines.shift().trim());
  return `<p>${renderInline(text.join('\n'))}</p>\n`;
}

function takeBlock(lines) {
  if (FENCE.test(lines[0]))
    return takeFence(lines);
  if (HEADING.test(lines[0]))
    return takeHeading(lines);
  if (BULLET.test(lines[0]))
    return takeList(lines, 'ul', BULLET);
  if (NUMBER.test(lines[0]))
    return takeList(lines, 'ol', NUMBER);
  return takeParagraph(lines);
}

export function render(text) {
  const lines = text.split(/\r?\n/);
  let html = '';

  while (lines.length > 0) {
    if (BLANK.test(lines[0]))
      lines.shift();
    else
      html += takeBlock(lines);
  }
  return html;
}

export function activate(context) {
  context.registerCommand('render', (args) => {
    // With this code the caller is told that the mistake is his.
    if (typeof args?.text !== 'string')
      throw Object.assign(new Error('“text” has to be a string'), { code: -32602 });
    return { html: render(args.text) };
  });
}
