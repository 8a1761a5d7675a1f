//! Keeps what one caller was shown in records that lie in no region, for another caller to find. All of it is allowed; who
//! finds what is the host's matter.

use linli_sdk::NoInput;
use linli_sdk::prelude::*;

#[derive(Serialize, Deserialize)]
pub struct Note {
    text: String,
}

/// Reads every resident that the caller reaches, then keeps a note.
pub fn keep(note: Note) -> Result<View> {
    let mut residents = records::query("resident").fields(["name"]).open()?;
    while residents.next_raw(100)?.more {}
    write(&note)
}

/// Reads the notes that the caller reaches and no resident, then keeps another note.
pub fn copy(note: Note) -> Result<View> {
    records::query("note").fields(["text"]).open()?.next_raw(100)?;
    write(&note)
}

/// The notes that the caller reaches.
pub fn kept(_: NoInput) -> Result<View> {
    let notes = records::query("note").fields(["text"]).open()?.next_raw(100)?;
    Ok(View::new("kept").block(Table::rows(notes).column("text", "text")))
}

/// Opens a cursor, says so with a note, and reads on until somebody takes the grant away.
pub fn hold(note: Note) -> Result<View> {
    Err(hold_until_denied(&note)?)
}

/// The same, but hides the denial and asks the host to fill a block.
pub fn hold_bound(note: Note) -> Result<View> {
    hold_until_denied(&note)?;
    Ok(View::new("got through").block(Table::bound(&records::query("resident").fields(["name"]), 20).column("name", "name")))
}

fn hold_until_denied(note: &Note) -> Result<Error> {
    let mut residents = records::query("resident").fields(["name", "age"]).open()?;
    residents.next_raw(1)?;
    records::create("note", note)?;
    loop {
        if let Err(error) = residents.next_raw(1) {
            return Ok(error);
        }
    }
}

fn write(note: &Note) -> Result<View> {
    records::create("note", note)?;
    Ok(View::new("kept"))
}
