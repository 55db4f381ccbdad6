-- Every two characters that stand side by side in a title, in small letters: what a title must have to contain a text,
-- whatever the language. Words would not do, Chinese has no spaces. Pairs from the first character on and from the second
-- are cut by one replacement each: a tenth of the time of taking them one by one, which every booking would pay.
create function title_pairs(title text) returns text[] language sql immutable strict parallel safe
  return string_to_array(rtrim(regexp_replace(lower(left(title, char_length(title) / 2 * 2)), '(..)', E'\\1\x1f', 'g'), E'\x1f'), E'\x1f')
      || string_to_array(rtrim(regexp_replace(lower(substr(title, 2, (char_length(title) - 1) / 2 * 2)), '(..)', E'\\1\x1f', 'g'), E'\x1f'), E'\x1f');

create index meetings_title on meetings using gin (title_pairs(title));
