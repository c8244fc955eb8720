-- Search over what was said. SQLite has an index of three characters each (FTS5, trigram) over turn_texts, which it does
-- not copy; triggers keep it, so whoever changes or erases a text need not know of it. FTS5 finds rows by a number that
-- must never change, so each turn gets one. PostgreSQL searches turn_texts itself, with an index where the extension
-- pg_trgm may be had, without one where not. What was said before is indexed here.

{{sqlite_only}}CREATE TABLE turn_numbers (number INTEGER PRIMARY KEY AUTOINCREMENT, context_id TEXT NOT NULL, session_id TEXT NOT NULL, item_id TEXT NOT NULL, UNIQUE (context_id, session_id, item_id));
{{sqlite_only}}INSERT INTO turn_numbers (context_id, session_id, item_id) SELECT context_id, session_id, item_id FROM turn_texts;
{{sqlite_only}}CREATE VIEW numbered_turn_texts AS SELECT n.number AS number, t.text AS text FROM turn_numbers n JOIN turn_texts t ON t.context_id = n.context_id AND t.session_id = n.session_id AND t.item_id = n.item_id;
{{sqlite_only}}CREATE VIRTUAL TABLE turn_index USING fts5(text, content='numbered_turn_texts', content_rowid='number', tokenize='trigram');
{{sqlite_only}}INSERT INTO turn_index (rowid, text) SELECT number, text FROM numbered_turn_texts;
{{sqlite_only}}CREATE TRIGGER turn_text_inserted AFTER INSERT ON turn_texts BEGIN INSERT INTO turn_numbers (context_id, session_id, item_id) VALUES (new.context_id, new.session_id, new.item_id); INSERT INTO turn_index (rowid, text) SELECT number, new.text FROM turn_numbers WHERE context_id = new.context_id AND session_id = new.session_id AND item_id = new.item_id; END;
{{sqlite_only}}CREATE TRIGGER turn_text_updated AFTER UPDATE OF text ON turn_texts WHEN old.text <> new.text BEGIN INSERT INTO turn_index (turn_index, rowid, text) SELECT 'delete', number, old.text FROM turn_numbers WHERE context_id = old.context_id AND session_id = old.session_id AND item_id = old.item_id; INSERT INTO turn_index (rowid, text) SELECT number, new.text FROM turn_numbers WHERE context_id = new.context_id AND session_id = new.session_id AND item_id = new.item_id; END;
{{sqlite_only}}CREATE TRIGGER turn_text_deleted AFTER DELETE ON turn_texts BEGIN INSERT INTO turn_index (turn_index, rowid, text) SELECT 'delete', number, old.text FROM turn_numbers WHERE context_id = old.context_id AND session_id = old.session_id AND item_id = old.item_id; DELETE FROM turn_numbers WHERE context_id = old.context_id AND session_id = old.session_id AND item_id = old.item_id; END;
{{postgresql_only}}DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX turn_texts_by_trigram ON turn_texts USING gin (text gin_trgm_ops); EXCEPTION WHEN OTHERS THEN NULL; END $$;
